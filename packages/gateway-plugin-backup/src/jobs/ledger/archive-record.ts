/** An archive in the catalogue, and the row of the ledger that it is read from. */
import type { ArchiveTotals } from "../../archive/format.js";
import type { SerializedError } from "../../errors.js";
import type { ArchiveIdentity } from "../thread/protocol.js";
import type { EncryptionKind } from "../thread/encryption.js";
import type { LockMode, WantedLock } from "../../stores/object-lock.js";

/** `damaged`: a check found it so. `deleted`: it was removed, or another archive took its place. */
export type ArchiveState = "good" | "damaged" | "deleted";

/** An archive that a backup has just made. */
export interface NewArchive {
  readonly id: string;
  /** The backup that made it. */
  readonly jobId: string;
  readonly tenant: string;
  readonly tenantUid: string;
  /** URL or path as a person would write it. */
  readonly location: string;
  readonly storeKind: "local" | "s3";
  /** Empty for AWS and for local files. */
  readonly endpoint: string;
  /** Empty for local files. */
  readonly bucket: string;
  /** S3 key, or absolute path. */
  readonly key: string;
  /** Bytes of the object. */
  readonly size: number;
  readonly etag: string;
  /** Of the index frame's bytes, 64 hex digits. */
  readonly indexSha256: string;
  readonly formatVersion: number;
  /** Absent: it is not sealed. */
  readonly encryption?: EncryptionKind | undefined;
  /**
   * Of all of its object's bytes, 64 hex digits: of a sealed archive from the start, of another as the first check that read
   * them all and found them good saw them.
   */
  readonly objectSha256?: string;
  /** Milliseconds since the epoch, like every time below. */
  readonly createdAt: number;
  readonly totals: ArchiveTotals;
  readonly state: ArchiveState;
  /** The archive that some of its bytes were copied from; absent: all were sent. */
  readonly baseId?: string;
  /** Id of the key that has signed it; absent: none, as far as is known. */
  readonly signedBy?: string | undefined;
  /** The backup of the whole gateway that it is a part of; absent: of none. */
  readonly setId?: string;
  /** Since when its oldest bytes lie in a store without having been checked as a whole: what was sent is checked then. */
  readonly checkedAt: number;
}

/** An archive as the catalogue knows it. */
export interface ArchiveRecord extends NewArchive {
  /** Absent: not pinned. A pinned archive is not removed. */
  readonly pinnedAt?: number;
  /** When its content was last checked and found good. */
  readonly verifiedAt?: number;
  /** When its object was found gone, or replaced by another; absent while it is where it was put. */
  readonly lostAt?: number;
  /** Its removal has begun, and it is not known whether the store still has it. */
  readonly removingAt?: number;
  /** It was removed, but stays where it is for a while, so that it can be brought back. */
  readonly trash?: ArchiveTrash;
  /** As the store gave it back when the archive was made; absent: this gateway did not lock it. */
  readonly lock?: WantedLock;
  /** When a check found it damaged, and how; of a damaged one only. */
  readonly damagedAt?: number;
  readonly damage?: SerializedError;
}

export interface ArchiveTrash {
  readonly at: number;
  /** From then on its store is asked to remove it. */
  readonly until: number;
  /** The job that put it there. */
  readonly jobId: string;
}

/** Of table `archives`. */
export interface ArchiveRow {
  readonly id: string;
  readonly job_id: string;
  readonly tenant: string;
  readonly tenant_uid: string;
  readonly location: string;
  readonly store_kind: "local" | "s3";
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly index_sha256: string;
  readonly format_version: number;
  readonly created_at: number;
  readonly totals_json: string;
  readonly state: ArchiveState;
  readonly pinned_at: number | null;
  readonly verified_at: number | null;
  readonly lost_at: number | null;
  readonly removing_at: number | null;
  readonly base_id: string | null;
  readonly checked_at: number;
  readonly trashed_at: number | null;
  readonly trash_until: number | null;
  readonly trashed_by: string | null;
  readonly lock_mode: LockMode | null;
  readonly locked_until: number | null;
  readonly damaged_at: number | null;
  readonly damage_json: string | null;
  readonly object_sha256: string | null;
  readonly encryption: EncryptionKind | null;
  readonly signed_by: string | null;
  readonly set_id: string | null;
}

/** What its object is told from others by. */
export function identityOf({
  indexSha256,
  encryption,
  objectSha256,
}: Pick<NewArchive, "indexSha256" | "encryption" | "objectSha256">): ArchiveIdentity {
  if (encryption === undefined || objectSha256 === undefined) return { indexSha256 };
  return { indexSha256, sealedSha256: objectSha256 };
}

/** What a row tells. */
export function archiveRecord(row: ArchiveRow): ArchiveRecord {
  return {
    id: row.id,
    jobId: row.job_id,
    tenant: row.tenant,
    tenantUid: row.tenant_uid,
    location: row.location,
    storeKind: row.store_kind,
    endpoint: row.endpoint,
    bucket: row.bucket,
    key: row.key,
    size: row.size,
    etag: row.etag,
    indexSha256: row.index_sha256,
    formatVersion: row.format_version,
    createdAt: row.created_at,
    totals: JSON.parse(row.totals_json) as ArchiveTotals,
    state: row.state,
    checkedAt: row.checked_at,
    ...(row.base_id === null ? {} : { baseId: row.base_id }),
    ...(row.signed_by === null ? {} : { signedBy: row.signed_by }),
    ...(row.set_id === null ? {} : { setId: row.set_id }),
    ...(row.pinned_at === null ? {} : { pinnedAt: row.pinned_at }),
    ...(row.verified_at === null ? {} : { verifiedAt: row.verified_at }),
    ...(row.lost_at === null ? {} : { lostAt: row.lost_at }),
    ...(row.removing_at === null ? {} : { removingAt: row.removing_at }),
    ...trashOf(row),
    ...(row.lock_mode === null || row.locked_until === null
      ? {}
      : { lock: { mode: row.lock_mode, until: row.locked_until } }),
    ...(row.damaged_at === null ? {} : { damagedAt: row.damaged_at }),
    ...(row.damage_json === null ? {} : { damage: JSON.parse(row.damage_json) as SerializedError }),
    ...(row.object_sha256 === null ? {} : { objectSha256: row.object_sha256 }),
    ...(row.encryption === null ? {} : { encryption: row.encryption }),
  };
}

function trashOf({
  trashed_at: at,
  trash_until: until,
  trashed_by: jobId,
}: ArchiveRow): Partial<ArchiveRecord> {
  return at === null || until === null || jobId === null ? {} : { trash: { at, until, jobId } };
}
