/** The plugin's part of `openclaw status`. */
import type { StatusSection } from "@openclaw/gateway-core";
import { Type, type Static } from "typebox";
import { defaultDestination } from "./doctor.js";
import type { Services } from "./jobs/services.js";

const TenantBackup = Type.Object({
  tenant: Type.String(),
  lastBackup: Type.Optional(Type.String({ description: "RFC 3339; absent when there is none." })),
  location: Type.Optional(Type.String()),
  size: Type.Optional(Type.Number()),
});

const BackupStatus = Type.Object({
  activeJobs: Type.Integer({ description: "Jobs that wait or run." }),
  defaultDestination: Type.Object({
    severity: Type.String({ description: "ok, or warning while it shares the state's file system." }),
    message: Type.String(),
  }),
  tenants: Type.Array(TenantBackup, { description: "Longest without a backup first." }),
});

export function backupStatus(services: Services): StatusSection {
  return {
    name: "backup",
    schema: BackupStatus,
    read: () => read(services),
  };
}

async function read(services: Services): Promise<Static<typeof BackupStatus>> {
  const { host, ledger } = services;
  const tenants = host.tenants.list().map(({ id, uid }): Static<typeof TenantBackup> => {
    const newest = ledger.archives.newest(id, uid);
    if (newest === undefined) return { tenant: id };
    const { location, size, createdAt } = newest;
    return { tenant: id, lastBackup: new Date(createdAt).toISOString(), location, size };
  });
  tenants.sort((a, b) => (a.lastBackup ?? "").localeCompare(b.lastBackup ?? ""));
  const [{ severity, message }] = await defaultDestination(services);
  return { activeJobs: ledger.jobs.open().length, defaultDestination: { severity, message }, tenants };
}
