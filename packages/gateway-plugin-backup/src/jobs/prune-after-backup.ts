import { toBackupError } from "../errors.js";
import { destinationOf } from "./destination-of.js";
import { gatewayPruneSubmission } from "./gateway/prune.js";
import type { ArchiveRecord } from "./ledger/archives.js";
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
    const { actor, trigger } = job;
    const { tenant, setId } = archive;
    const destination = destinationOf(config.destinations, archive)?.name;
    if (findPolicy({}, configuredPolicy(config, tenant, destination)) === undefined) return;
    const beside = above(archive.location);
    const to = setId === undefined ? beside : above(beside.slice(0, -1));
    const caller = { actor, trigger };
    try {
      services.start(
        setId === undefined
          ? pruneSubmission(services, { tenant, to }, caller)
          : gatewayPruneSubmission(services, { to }, caller),
      );
    } catch (error) {
      const { code, message } = toBackupError(error, `prune ${to}`);
      host.log.warn({ tenant, code, problem: message }, "After a backup no prune could be started.");
    }
  });
}

/** The directory, with a slash at its end. */
function above(location: string): string {
  return location.slice(0, location.lastIndexOf("/") + 1);
}

/** The archive that a backup has made; of a backup of the whole gateway its first. */
function madeBy({ ledger }: Services, { type, state, result }: JobRecord): ArchiveRecord | undefined {
  if (state !== "succeeded") return undefined;
  const id = result?.[type === "gateway-backup" ? "setId" : "archiveId"];
  if (typeof id !== "string") return undefined;
  if (type === "gateway-backup") return ledger.archives.ofSet(id)[0];
  return type === "backup" ? ledger.archives.get(id) : undefined;
}
