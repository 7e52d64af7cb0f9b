/** Pinning an archive, and the job that removes one by hand. */
import { BackupError } from "../errors.js";
import { publicOptions } from "./public-request.js";
import { knownArchive } from "./catalogue.js";
import { moveToTrash, trashMs } from "./archive-trash.js";
import type { S3Options } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import { removeArchives, storeOf, type RemovalServices } from "./removal.js";
import type { Caller, Services } from "./services.js";
import type { JobContext, JobOutcome, JobSubmission } from "./types.js";

export interface RemoveRequest {
  /** In the catalogue. */
  readonly id: string;
  /** Also the only good archive of its tenant; and where its object is lost, forget it. */
  readonly force?: boolean;
  /** At once, not by way of the trash. */
  readonly now?: boolean;
  readonly s3?: S3Options;
}

/** Pins an archive, so that it is not removed, and takes it out of the trash; or takes the pin off. Throws `ARCHIVE_NOT_FOUND`, `ARCHIVE_BUSY`. */
export function pinArchive({ host, ledger }: Services, id: string, pinned: boolean): ArchiveRecord {
  const { removingAt, pinnedAt, location } = knownArchive({ ledger }, id);
  if (removingAt !== undefined)
    throw new BackupError("ARCHIVE_BUSY", `${location} is being removed; it cannot be pinned any more.`);
  if ((pinnedAt !== undefined) !== pinned)
    ledger.archives.setPinned(id, pinned ? host.clock.now() : undefined);
  if (pinned) ledger.archives.takeFromTrash(id);
  return knownArchive({ ledger }, id);
}

/**
 * Describes the removal of one archive to the engine. Throws at once `ARCHIVE_NOT_FOUND`, `ARCHIVE_PROTECTED` for a
 * pinned archive, or for a tenant's only good one unless `force` is given, and `CREDENTIALS_MISSING`.
 */
export function removeSubmission(
  services: RemovalServices,
  request: RemoveRequest,
  caller: Caller,
): JobSubmission {
  const { id, force = false, now = false, s3 } = request;
  const archive = checkedArchive(services, id, force);
  storeOf(services, archive, s3 ?? {});
  return {
    type: "remove",
    tenant: archive.tenant,
    ...caller,
    request: {
      archive: id,
      location: archive.location,
      ...(force ? { force } : {}),
      ...(now ? { now } : {}),
      ...publicOptions(s3),
    },
    run: (context) => remove(services, request, context),
  };
}

function checkedArchive(services: RemovalServices, id: string, force: boolean): ArchiveRecord {
  const archive = knownArchive(services, id);
  const { pinnedAt, state, lostAt, location, tenant, setId } = archive;
  if (setId !== undefined)
    throw new BackupError("ARCHIVE_PROTECTED", `${location} is a part of a backup of the whole gateway.`, {
      hint: "These are removed as a whole: `openclaw gateway prune`.",
    });
  if (pinnedAt !== undefined) {
    throw new BackupError("ARCHIVE_PROTECTED", `${location} is pinned and is not removed.`, {
      hint: `\`openclaw backups pin ${id} --unpin\` takes the pin off.`,
    });
  }
  const isGood = state === "good" && lostAt === undefined;
  if (isGood && !force && !services.ledger.archives.hasGoodBeside(archive)) {
    throw new BackupError("ARCHIVE_PROTECTED", `${location} is the only good archive of tenant ${tenant}.`, {
      hint: "Make another backup first, or use --force.",
    });
  }
  return archive;
}

async function remove(
  services: RemovalServices,
  request: RemoveRequest,
  context: JobContext,
): Promise<JobOutcome> {
  const { id, force = false, now = false, s3 = {} } = request;
  const archive = checkedArchive(services, id, force);
  const { location, size } = archive;
  const store = storeOf(services, archive, s3);
  // What is lost may be another object, which is found out by looking; what is in the trash goes for good.
  const isLeaving = archive.lostAt !== undefined || archive.trash !== undefined;
  const forMs = isLeaving ? 0 : trashMs(services.config, archive, { now, s3 });
  const [removal] =
    forMs === 0
      ? await removeArchives(services, store, [archive], context.signal)
      : moveToTrash(services, store, [archive], { forMs, jobId: context.jobId });
  switch (removal?.outcome) {
    case "removed":
      return { result: { archiveId: id, location, outcome: "removed", freedBytes: size } };
    case "trashed": {
      const trashUntil = new Date(removal.until).toISOString();
      return { result: { archiveId: id, location, outcome: "trashed", freedBytes: 0, trashUntil } };
    }
    case "locked":
      throw new BackupError("ARCHIVE_PROTECTED", `${location} is ${removal.reason} and was not removed.`);
    case "gone":
      return { result: { archiveId: id, location, outcome: "gone", freedBytes: 0 } };
    case "other":
      if (!force) throw notOurs(archive, removal.reason);
      return {
        result: { archiveId: id, location, outcome: "forgotten", freedBytes: 0 },
        record: () => services.ledger.archives.endRemoval(id),
      };
    case "failed":
      throw removal.error;
    default:
      // That it is not pinned was checked just now, and only an aborted job leaves alone what nobody uses.
      context.signal.throwIfAborted();
      throw new BackupError("ARCHIVE_BUSY", `${location} is used by a job and was not removed.`);
  }
}

function notOurs({ location }: ArchiveRecord, reason: string): BackupError {
  return new BackupError(
    "ARCHIVE_PROTECTED",
    `${location} was not removed: what stands there is not the archive that was stored, ${reason}.`,
    { hint: "--force takes the archive out of the catalogue, and leaves what stands there alone." },
  );
}
