import type { BackupHooks } from "../backup-hooks.js";
import { backupHooks } from "../backup-hooks.js";
import { BackupError, toBackupError } from "../../errors.js";
import type { Services } from "../services.js";
import type { JobContext, JobWarning } from "../types.js";

/**
 * Has every tenant prepared as for a backup of its own; the result ends that. One that cannot be prepared is warned of: it
 * must not keep the others from being backed up.
 */
export async function prepareTenants(
  { host }: Pick<Services, "host">,
  context: JobContext,
): Promise<(succeeded: boolean) => Promise<void>> {
  const prepared: BackupHooks[] = [];
  for (const { id: tenant } of host.tenants.list()) {
    const warn = (warning: JobWarning): void =>
      context.warn({ ...warning, message: `Tenant ${tenant}: ${warning.message}` });
    const hooks = backupHooks(host, { ...context, tenant, warn });
    prepared.push(hooks);
    try {
      await host.tenants.putRecordRight(tenant);
      await hooks.before();
    } catch (error) {
      context.signal.throwIfAborted();
      const { code, message } = toBackupError(error, `prepare tenant ${tenant}`);
      if (!(error instanceof BackupError) || code !== "HOOK_FAILED") warn({ code, message });
    }
  }
  return async (succeeded) => {
    for (const hooks of prepared) await hooks.after(succeeded);
  };
}
