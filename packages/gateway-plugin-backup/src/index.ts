/**
 * The backup plugin: what it registers with its host. It reads like a table of contents; the work is in `jobs/`, which
 * composes `archive/` (bytes and directories) with `stores/` (where objects live).
 */
import { fileURLToPath } from "node:url";
import type { GatewayPlugin, PluginHost, UiPanel } from "@openclaw/gateway-core";
import { BackupConfigSchema, type BackupConfig } from "./config.js";
import { backupDoctorChecks } from "./doctor/index.js";
import { inspect } from "./doctor/inspect.js";
import { watch } from "./jobs/alerts/watch.js";
import { auditEnd } from "./jobs/audit.js";
import { addJobTypes } from "./jobs/job-types.js";
import { pruneAfterBackups } from "./jobs/prune-after-backup.js";
import { runPending } from "./jobs/run-pending-checklist.js";
import { openServices } from "./jobs/services.js";
import { startUp } from "./jobs/start-up.js";
import { guardUnsettledSwaps } from "./jobs/unsettled-swap.js";
import { registerMetrics } from "./metrics.js";
import { archivePartRoutes } from "./routes/archive-parts.js";
import { archiveRoutes } from "./routes/archives.js";
import { backupRoutes } from "./routes/backups.js";
import { catalogueRoutes } from "./routes/catalogue.js";
import { checklistRoutes } from "./routes/checklist.js";
import { checkRoutes } from "./routes/checks.js";
import { gatewayRoutes } from "./routes/gateway.js";
import { jobRoutes } from "./routes/jobs.js";
import { notifyRoutes } from "./routes/notify.js";
import { overviewRoutes } from "./routes/overview.js";
import { ownRoutes } from "./routes/own.js";
import { pruneRoutes } from "./routes/prune.js";
import { rekeyRoutes } from "./routes/rekey.js";
import { restoreRoutes } from "./routes/restores.js";
import { refuseSecretsInClear } from "./routes/secrets-in-clear.js";
import { backupStatus } from "./status.js";

// For what works on the state of a gateway that does not run.
export { backupConfig } from "./config.js";
export { newJobId, replacedVolumes, restoreGateway } from "./jobs/gateway-restore/restore-gateway.js";
export type {
  GatewayRestoreOptions,
  GatewayRestoreRequest,
  GatewayRestoreResult,
  RestoredGateway,
} from "./jobs/gateway-restore/types.js";
export { signingKeyFile } from "./jobs/signing-key.js";

export const VERSION = "0.1.0";

/** Where vite puts it; see `ui/vite.config.js`. */
const PANEL: UiPanel = {
  id: "backup",
  title: "Backups",
  assets: fileURLToPath(new URL("./ui/", import.meta.url)),
  entry: "panel.js",
  element: "oc-backup-panel",
};

/** The plugin, to be given to `createGateway({ plugins: [backupPlugin()] })`. */
export function backupPlugin(): GatewayPlugin {
  return {
    name: "backup",
    version: VERSION,
    configSchema: BackupConfigSchema,
    // The host has checked the section against the schema.
    setup: (host, config) => setup(host, config as BackupConfig),
    inspect: (host, config, options) => inspect(host, config as BackupConfig, options),
  };
}

async function setup(host: PluginHost, config: BackupConfig): Promise<void> {
  const services = openServices(host, config);
  registerMetrics(services);
  addJobTypes(host, services);
  host.addRoutes("admin", async (app) => {
    refuseSecretsInClear(app);
    await app.register(overviewRoutes(services));
    await app.register(backupRoutes(services));
    await app.register(restoreRoutes(services));
    await app.register(archiveRoutes(services));
    await app.register(archivePartRoutes(services));
    await app.register(pruneRoutes(services));
    await app.register(catalogueRoutes(services));
    await app.register(checkRoutes(services));
    await app.register(rekeyRoutes(services));
    await app.register(gatewayRoutes(services));
    await app.register(jobRoutes(services));
    await app.register(notifyRoutes(services));
    await app.register(checklistRoutes(services));
  });
  host.addRoutes("tenant", async (app) => {
    await app.register(ownRoutes(services));
  });
  host.addPanel(PANEL);
  for (const check of backupDoctorChecks(services)) host.addDoctorCheck(check);
  host.addStatusSection(backupStatus(services));

  watch(services);
  services.onEnded((job) => auditEnd(host.audit, job));
  pruneAfterBackups(services);
  const checklist = runPending(services);
  const housekeeping = await startUp(services);
  guardUnsettledSwaps(services);
  services.layout.watch(host);
  services.threads.keepOneReady(services.destinations.areInS3);
  host.addShutdown({
    drain: () => services.engine.drain(),
    stop: async () => {
      await checklist.stop();
      await services.engine.stop();
      await services.threads.close();
      await housekeeping.stop();
      await services.outbox.stop();
      services.ledger.close();
    },
  });
}
