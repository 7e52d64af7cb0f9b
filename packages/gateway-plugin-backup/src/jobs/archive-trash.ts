/**
 * The trash of archives: what was pruned, or removed by hand, can be brought back for some hours.
 *
 * An archive in the trash stays where it is, under its key; only the catalogue hides it, from bases, retention and
 * listings. This needs nothing of a store: to move objects aside S3 has only copies, which take time, cost as much as a
 * backup, and end at 5 GiB for one request; and of delete markers only versioned buckets know. When its time is
 * over, an archive is removed for good as any other is: only if it is provably the one that was stored.
 */
import type { BackupConfig } from "../config.js";
import { BackupError, toBackupError } from "../errors.js";
import { knownArchive } from "./catalogue.js";
import type { S3Options } from "./destinations.js";
import { destinationOf } from "./destination-of.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import { BATCH, removeArchives, storeOf, type Removal, type RemovalServices } from "./removal.js";
import type { Services } from "./services.js";
import type { StoreSettings } from "../stores/settings.js";

const HOUR_MS = 3_600_000;

export interface TrashRequest {
  readonly now: boolean;
  readonly s3: S3Options;
}

/**
 * How long an archive stays in the trash; 0: it is removed at once. So it is, too, where the request brings what opens
 * its store: the gateway by itself could not remove it later.
 */
export function trashMs(
  config: Pick<BackupConfig, "destinations" | "trashHours">,
  archive: ArchiveRecord,
  { now, s3 }: TrashRequest,
): number {
  if (now || Object.keys(s3).length > 0) return 0;
  const hours = destinationOf(config.destinations, archive)?.config.trashHours ?? config.trashHours;
  return hours * HOUR_MS;
}

/** Those that are not pinned, and that no job uses. Nothing waits here, and nothing happens in the store. */
export function moveToTrash(
  { archivesInUse, ledger, host }: Pick<RemovalServices, "archivesInUse" | "ledger" | "host">,
  settings: StoreSettings,
  archives: readonly ArchiveRecord[],
  { forMs, jobId }: { readonly forMs: number; readonly jobId: string },
): Removal[] {
  const at = host.clock.now();
  const until = at + forMs;
  return ledger.transaction(() =>
    archives.map((archive): Removal => {
      const { id, key, location } = archive;
      if (ledger.archives.get(id)?.pinnedAt !== undefined) return { archive, outcome: "pinned" };
      if (archivesInUse.isUsed({ settings, key, location })) return { archive, outcome: "busy" };
      ledger.archives.moveToTrash(id, { at, until, jobId });
      return { archive, outcome: "trashed", until };
    }),
  );
}

/** Brings an archive back. Throws `ARCHIVE_NOT_FOUND`, `UNDO_NOT_POSSIBLE`. */
export function takeFromTrash({ ledger }: Pick<Services, "ledger">, id: string): ArchiveRecord {
  const { trash, removingAt, location } = knownArchive({ ledger }, id);
  if (trash === undefined) throw new BackupError("UNDO_NOT_POSSIBLE", `${location} is not in the trash.`);
  if (removingAt !== undefined)
    throw new BackupError("UNDO_NOT_POSSIBLE", `${location} is being removed for good already.`);
  ledger.archives.takeFromTrash(id);
  return knownArchive({ ledger }, id);
}

/** Brings back all that a prune has put into the trash and that is still there. Throws `JOB_NOT_FOUND`, `UNDO_NOT_POSSIBLE`. */
export function undoPrune({ ledger }: Pick<Services, "ledger">, jobId: string): readonly ArchiveRecord[] {
  const job = ledger.jobs.get(jobId);
  if (job === undefined) throw new BackupError("JOB_NOT_FOUND", `There is no job ${jobId}.`);
  const archives = ledger.archives.inTrashBy(jobId);
  if (archives.length === 0)
    throw new BackupError("UNDO_NOT_POSSIBLE", `Nothing that job ${jobId} removed is in the trash.`);
  ledger.transaction(() => archives.forEach(({ id }) => ledger.archives.takeFromTrash(id)));
  return archives.map(({ id }) => knownArchive({ ledger }, id));
}

/** Removes for good what has been in the trash for long enough. Never rejects: what cannot be removed now is tried again. */
export async function emptyTrash(services: RemovalServices, signal: AbortSignal): Promise<void> {
  const { ledger, host } = services;
  try {
    for (const together of byStore(services, ledger.archives.trashEnded(host.clock.now())))
      await removeForGood(services, together, signal);
  } catch (error) {
    const problem = toBackupError(error, "look for archives in the trash").message;
    host.log.error({ problem }, "The trash of archives could not be looked after.");
  }
}

type Together = [ArchiveRecord, ...ArchiveRecord[]];

/** What one way leads to: a destination has credentials of its own. */
function byStore({ config }: RemovalServices, archives: readonly ArchiveRecord[]): Iterable<Together> {
  const groups = new Map<string, Together>();
  for (const archive of archives) {
    const { storeKind, endpoint, bucket } = archive;
    const destination = destinationOf(config.destinations, archive)?.name;
    const name = JSON.stringify([storeKind, endpoint, bucket, destination]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [archive]);
    else group.push(archive);
  }
  return groups.values();
}

async function removeForGood(
  services: RemovalServices,
  archives: Together,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, host } = services;
  const [{ location }] = archives;
  try {
    const store = storeOf(services, archives[0], {});
    for (let at = 0; at < archives.length && !signal.aborted; at += BATCH) {
      // Somebody may have brought one back meanwhile.
      const batch = archives
        .slice(at, at + BATCH)
        .filter(({ id }) => ledger.archives.get(id)?.trash !== undefined);
      for (const removal of await removeArchives(services, store, batch, signal)) {
        if (removal.outcome === "failed") throw removal.error;
        // Another object has taken its place, which is not ours to remove: the catalogue forgets the archive.
        if (removal.outcome === "other") ledger.archives.endRemoval(removal.archive.id);
        host.log.info(
          { archive: removal.archive.id, location: removal.archive.location, outcome: removal.outcome },
          "An archive has been in the trash for long enough.",
        );
      }
    }
  } catch (error) {
    const { code, message } = toBackupError(error, `remove ${location}`);
    host.log.warn({ location, code, problem: message }, "The trash of archives cannot be emptied now.");
  }
}
