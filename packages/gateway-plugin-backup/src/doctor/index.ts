/** The registry of what the doctor looks at for backups; docs/doctor.md has what each check finds. */
import type { DoctorCheck, Finding } from "@openclaw/gateway-core";
import type { Services } from "../jobs/services.js";
import { backupAges, gatewayBackupAge, verifiedAges } from "./ages.js";
import { absentTenants, lostCatalogue, restoreSpace, timesAhead } from "./catalogue.js";
import { alertChannels } from "./channels.js";
import { defaultDestination, destinations } from "./destinations.js";
import { ledgerInUse } from "./ledger.js";
import { cutOffRestores, leftovers } from "./leftovers.js";
import { postRestore } from "./post-restore.js";
import { signingKey } from "./signing-key.js";

type Look = (services: Services) => readonly Finding[] | Promise<readonly Finding[]>;

/** Whether the gateway runs or not. */
const CHECKS: readonly (readonly [name: string, look: Look, takesTime?: true])[] = [
  ["backup-catalogue", lostCatalogue, true],
  ["backup-tenants", absentTenants],
  ["backup-age", backupAges],
  ["backup-verified", verifiedAges],
  ["backup-gateway", gatewayBackupAge],
  ["backup-alerts", alertChannels],
  ["backup-destination", defaultDestination],
  ["backup-stores", destinations, true],
  ["backup-clock", timesAhead],
  ["backup-space", restoreSpace],
  ["backup-signing-key", signingKey],
  ["backup-leftovers", leftovers],
  ["post-restore", ({ postRestore: checklist }) => postRestore(checklist)],
];

/** Of a gateway that is down. */
const AT_REST: typeof CHECKS = [["backup-cut-off", cutOffRestores]];

export function backupDoctorChecks(services: Services): readonly DoctorCheck[] {
  return [ledgerInUse(services), ...CHECKS.map((check) => bound(check, services))];
}

/** Beside that of the ledger. */
export function checksAtRest(services: Services): readonly DoctorCheck[] {
  return [...CHECKS, ...AT_REST].map((check) => bound(check, services));
}

function bound([name, look, takesTime]: (typeof CHECKS)[number], services: Services): DoctorCheck {
  return {
    name,
    ...(takesTime === undefined ? {} : { takesTime }),
    run: async () => look(services),
  };
}
