/** What a backup tells of the archive that it makes, and of the one that it takes bytes over from. */
import { FORMAT_VERSION } from "../archive/format.js";
import { lastChecked, type BaseChoice } from "./bases.js";
import { storeColumns, type ResolvedObject } from "./destinations.js";
import { factsFile } from "./facts-files.js";
import type { ArchiveRecord, NewArchive } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { BackupOutcome, BaseObject } from "./thread/protocol.js";

type ArchiveFacts = Pick<NewArchive, "size" | "indexSha256" | "totals" | "encryption" | "objectSha256"> &
  Partial<Pick<BackupOutcome, "mode">> & { readonly base?: ArchiveRecord | undefined };

type MadeBy = Pick<NewArchive, "id" | "jobId" | "tenant" | "tenantUid" | "createdAt" | "signedBy" | "setId">;

/** What the catalogue will know of an archive that a job makes. */
export function newArchive(
  made: MadeBy,
  { settings, key, location }: ResolvedObject,
  { size, indexSha256, totals, mode, base, encryption, objectSha256 }: ArchiveFacts,
): Omit<NewArchive, "etag"> {
  const ofBase = mode === "incremental" && base !== undefined;
  return {
    ...made,
    location,
    ...storeColumns(settings),
    key,
    size,
    indexSha256,
    formatVersion: FORMAT_VERSION,
    totals,
    state: "good",
    ...(ofBase ? { baseId: base.id } : {}),
    ...(encryption === undefined ? {} : { encryption }),
    ...(objectSha256 === undefined ? {} : { objectSha256 }),
    checkedAt: ofBase ? lastChecked(base) : made.createdAt,
  };
}

/** What the result says of where the archive's bytes come from. */
export function baseFigures(
  { mode }: Partial<Pick<BackupOutcome, "mode">>,
  { base, fullReason = "nothing in the earlier archive could be taken over" }: BaseChoice,
): { readonly base?: string; readonly fullReason?: string } {
  return mode === "incremental" && base !== undefined ? { base: base.id } : { fullReason };
}

/** The base as the job's thread has to know it. */
export function baseObject(
  { host }: Pick<Services, "host">,
  { rehash }: { readonly rehash?: boolean },
  base: ArchiveRecord,
): BaseObject {
  const { id, key, size, etag, indexSha256 } = base;
  return { key, size, etag, indexSha256, ...(rehash === true ? {} : { factsFile: factsFile(host, id) }) };
}
