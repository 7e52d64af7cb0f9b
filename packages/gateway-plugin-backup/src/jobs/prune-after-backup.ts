import { toBackupError } from "../errors.js";
import { destinationOf } from "./destination-of.js";
import { pruneSubmission } from "./prune.js";
import { configuredPolicy, findPolicy } from "./retention/policy.js";
import type { Services } from "./services.js";
import type { JobRecord } from "./types.js";

/**
 * Where config says so, prunes the directory or prefix that a successful backup went to, as a job of its own, with the
 * policy that config has for it; where that is empty, or the backup brought what opens its store, nothing is done.
 */
export function pruneAfterBackups(services: Services): void {
  if (!services.config.pruneAfterBackup) return;
  services.onEnded((job) => {
    const archive = madeBy(services, job);
    if (archive === undefined || job.request["s3"] !== undefined) return;
    const { config, host } = services;
    const { tenant, actor, trigger } = job;
    const destination = destinationOf(config.destinations, archive)?.name;
    if (findPolicy({}, configuredPolicy(config, tenant, destination)) === undefined) return;
    const to = archive.location.slice(0, archive.location.lastIndexOf("/") + 1);
    try {
      services.start(pruneSubmission(services, { tenant, to }, { actor, trigger }));
    } catch (error) {
      const { code, message } = toBackupError(error, `prune ${to}`);
      host.log.warn({ tenant, code, problem: message }, "After a backup no prune could be started.");
    }
  });
}

function madeBy({ ledger }: Services, { type, state, result }: JobRecord) {
  const id = result?.["archiveId"];
  return type === "backup" && state === "succeeded" && typeof id === "string"
    ? ledger.archives.get(id)
    : undefined;
}
