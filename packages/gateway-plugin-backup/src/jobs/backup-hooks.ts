/** The hooks around a backup, and what their failures mean to it. */
import type { HookFailure, PluginHost } from "@openclaw/gateway-core";
import { BackupError } from "../errors.js";
import type { JobContext } from "./types.js";

export interface BackupHooks {
  /** Rejects with HOOK_FAILED when a plugin failed that said the backup must not go on then. */
  before(): Promise<void>;
  /** Failures are warnings, whatever the plugin said: the archive is there and good, or there is none anyway. */
  after(succeeded: boolean): Promise<void>;
}

export function backupHooks({ hooks, tenants }: PluginHost, context: JobContext): BackupHooks {
  const { tenant, jobId } = context;
  const event = { tenant, directory: tenants.directory(tenant), jobId };
  const warn = (failure: HookFailure, what: string): void => {
    const message = `Plugin '${failure.plugin}' ${what}: ${failure.error.message}`;
    context.warn({ code: "HOOK_FAILED", message });
    context.log.warn(
      { plugin: failure.plugin, problem: failure.error.message },
      "A hook of a backup failed.",
    );
  };
  return {
    before: async () => {
      const failures = await hooks.run("beforeBackup", event);
      for (const failure of failures) warn(failure, "could not prepare the backup");
      const decisive = failures.find(({ onError }) => onError === "fail");
      if (decisive !== undefined) throw notPrepared(tenant, decisive);
      context.signal.throwIfAborted();
    },
    after: async (succeeded) => {
      const failures = await hooks.run("afterBackup", { ...event, succeeded });
      for (const failure of failures) warn(failure, "failed after the backup");
    },
  };
}

function notPrepared(tenant: string, { plugin, error }: HookFailure): BackupError {
  return new BackupError(
    "HOOK_FAILED",
    `Tenant ${tenant} was not backed up: plugin '${plugin}' could not prepare it: ${error.message}`,
    {
      hint: "The plugin says that an archive without its preparation would be of no use; the gateway's log tells more.",
      details: { tenant, plugin },
      cause: error,
    },
  );
}
