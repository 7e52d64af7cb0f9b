/** The plugin's part of a doctor that looks at a gateway which is down. */
import type { InspectOptions, PluginHost } from "@openclaw/gateway-core";
import type { BackupConfig } from "../config.js";
import { toBackupError } from "../errors.js";
import { addJobTypes } from "../jobs/job-types.js";
import { ledgerFile, openServices, type Services } from "../jobs/services.js";
import { checksAtRest } from "./index.js";
import { copyLedger } from "./ledger-copy.js";
import { ledgerAtRest } from "./ledger.js";

/** What is of no worth without a valid config. */
const BY_CONFIG: readonly string[] = [
  "backup-destination",
  "backup-stores",
  "backup-catalogue",
  "backup-alerts",
];

/** See `GatewayPlugin.inspect`. */
export async function inspect(
  host: PluginHost,
  config: BackupConfig,
  { isConfigValid }: InspectOptions,
): Promise<() => Promise<void>> {
  const file = ledgerFile(host.paths);
  const copy = await copyLedger(file);
  host.addDoctorCheck(ledgerAtRest({ file, copy, now: host.clock.now() }));
  const { look } = copy;
  if (look.state !== "good") return () => copy.remove();
  let services: Services;
  try {
    services = openServices(host, config, look.open);
  } catch (error) {
    const { message, hint = "Correct plugins.backup in openclaw.json." } = toBackupError(
      error,
      "read the config",
    );
    host.addDoctorCheck({
      name: "backup-config",
      run: () => Promise.resolve([{ severity: "critical", message, fix: hint }]),
    });
    return () => copy.remove();
  }
  addJobTypes(host, services);
  for (const check of checksAtRest(services))
    if (isConfigValid || !BY_CONFIG.includes(check.name)) host.addDoctorCheck(check);
  return async () => {
    await services.threads.close();
    services.ledger.close();
    await copy.remove();
  };
}
