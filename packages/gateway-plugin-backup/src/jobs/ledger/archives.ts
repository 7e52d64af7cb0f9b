import type Database from "better-sqlite3";
import type { ArchiveTotals } from "../../archive/format.js";
import type { LockMode, WantedLock } from "../../stores/object-lock.js";
import type { SerializedError } from "../../errors.js";
import { Statement, type NoParameters } from "./statement.js";

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
  /** Milliseconds since the epoch, like every time below. */
  readonly createdAt: number;
  readonly totals: ArchiveTotals;
  readonly state: ArchiveState;
  /** The archive that some of its bytes were copied from; absent: all were sent. */
  readonly baseId?: string;
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
  /** Of all of its object's bytes, as the first check that read them all and found them good saw them; 64 hex digits. */
  readonly objectSha256?: string;
}

export interface ArchiveTrash {
  readonly at: number;
  /** From then on its store is asked to remove it. */
  readonly until: number;
  /** The job that put it there. */
  readonly jobId: string;
}

/** What a check knows of an archive once it has read all of it and found it good. */
export interface WholeCheck {
  readonly id: string;
  readonly at: number;
  /** Of the object that was read: it may have been put there anew. */
  readonly etag: string;
  readonly objectSha256: string;
}

export interface ArchiveFilter {
  readonly tenant?: string;
  /** Needs `tenant`: only the archives of the tenant that has this uid. */
  readonly tenantUid?: string;
  /** Also those that are deleted, or in the trash. */
  readonly all?: boolean;
  /** Most rows to return. */
  readonly limit: number;
}

interface ArchiveRow {
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
}

/** Where an object is: what the rows of one object have in common. */
type Place = Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket" | "key">;

/** The archives of one tenant in one store. */
type Shelf = Pick<ArchiveRecord, "tenant" | "tenantUid" | "storeKind" | "endpoint" | "bucket">;

type Filter = Readonly<{ all: number; limit: number }>;

/** More good archives than these in one store are not looked through for one that can be a base. */
const MOST_IN_STORE = 100;

const OUT_OF_TRASH = "trashed_at = NULL, trash_until = NULL, trashed_by = NULL";
const DELETED = `state = 'deleted', removing_at = NULL, ${OUT_OF_TRASH}`;

/** Table `archives`: the catalogue. */
export class ArchivesTable {
  readonly #insert;
  readonly #supersede;
  readonly #get;
  readonly #newest;
  readonly #goodIn;
  readonly #list;
  readonly #listTenant;
  readonly #listTenantUid;
  readonly #ofTenant;
  readonly #goodBeside;
  readonly #atLocation;
  readonly #removing;
  readonly #setPinned;
  readonly #setLost;
  readonly #markDamaged;
  readonly #noteWhole;
  readonly #beginRemoval;
  readonly #giveUpRemoval;
  readonly #endRemoval;
  readonly #toTrash;
  readonly #fromTrash;
  readonly #inTrash;
  readonly #trashEnded;
  readonly #setLock;

  constructor(database: Database.Database) {
    this.#insert = new Statement<
      Omit<NewArchive, "totals" | "baseId"> & { totals: string; baseId: string | null }
    >(
      database,
      `INSERT INTO archives (id, job_id, tenant, tenant_uid, location, store_kind, endpoint, bucket, key, size, etag,
         index_sha256, format_version, created_at, totals_json, state, base_id, checked_at)
       VALUES (@id, @jobId, @tenant, @tenantUid, @location, @storeKind, @endpoint, @bucket, @key, @size, @etag,
         @indexSha256, @formatVersion, @createdAt, @totals, @state, @baseId, @checkedAt)`,
    );
    this.#supersede = new Statement<Place>(
      database,
      `UPDATE archives SET ${DELETED}
       WHERE store_kind = @storeKind AND endpoint = @endpoint AND bucket = @bucket AND key = @key`,
    );
    this.#get = new Statement<{ id: string }, ArchiveRow>(database, "SELECT * FROM archives WHERE id = @id");
    const tenantUid = "tenant = @tenant AND tenant_uid = @tenantUid";
    const isGood = `${tenantUid} AND state = 'good' AND lost_at IS NULL AND removing_at IS NULL
      AND trashed_at IS NULL`;
    this.#newest = new Statement<{ tenant: string; tenantUid: string }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE ${isGood} ORDER BY seq DESC LIMIT 1`,
    );
    this.#goodIn = new Statement<Shelf & { limit: number }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE ${isGood} AND store_kind = @storeKind AND endpoint = @endpoint AND bucket = @bucket
       ORDER BY seq DESC LIMIT @limit`,
    );
    const newest = "(@all = 1 OR (state <> 'deleted' AND trashed_at IS NULL)) ORDER BY seq DESC LIMIT @limit";
    this.#list = new Statement<Filter, ArchiveRow>(database, `SELECT * FROM archives WHERE ${newest}`);
    this.#listTenant = new Statement<{ tenant: string } & Filter, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE tenant = @tenant AND ${newest}`,
    );
    this.#listTenantUid = new Statement<{ tenant: string; tenantUid: string } & Filter, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE ${tenantUid} AND ${newest}`,
    );
    this.#ofTenant = new Statement<{ tenant: string; tenantUid: string }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE ${tenantUid} AND state <> 'deleted' ORDER BY seq DESC`,
    );
    this.#goodBeside = new Statement<{ id: string; tenant: string; tenantUid: string }, { id: string }>(
      database,
      `SELECT id FROM archives WHERE ${isGood} AND id <> @id LIMIT 1`,
    );
    this.#atLocation = new Statement<{ location: string }, ArchiveRow>(
      database,
      "SELECT * FROM archives WHERE location = @location AND state <> 'deleted' ORDER BY seq DESC",
    );
    this.#removing = new Statement<NoParameters, ArchiveRow>(
      database,
      "SELECT * FROM archives WHERE removing_at IS NOT NULL ORDER BY id",
    );
    this.#setPinned = new Statement<{ id: string; at: number | null }>(
      database,
      "UPDATE archives SET pinned_at = @at WHERE id = @id",
    );
    this.#setLost = new Statement<{ id: string; at: number | null }>(
      database,
      "UPDATE archives SET lost_at = @at WHERE id = @id",
    );
    this.#markDamaged = new Statement<{ id: string; at: number; damage: string }>(
      database,
      `UPDATE archives SET state = 'damaged', damaged_at = @at, damage_json = @damage
       WHERE id = @id AND state <> 'deleted'`,
    );
    this.#noteWhole = new Statement<{ id: string; at: number; etag: string; objectSha256: string }>(
      database,
      `UPDATE archives SET state = 'good', verified_at = @at, etag = @etag, lost_at = NULL, damaged_at = NULL,
         damage_json = NULL, object_sha256 = @objectSha256
       WHERE id = @id AND state <> 'deleted'`,
    );
    this.#beginRemoval = new Statement<{ id: string; at: number }>(
      database,
      "UPDATE archives SET removing_at = coalesce(removing_at, @at) WHERE id = @id AND state <> 'deleted'",
    );
    this.#giveUpRemoval = new Statement<{ id: string }>(
      database,
      "UPDATE archives SET removing_at = NULL WHERE id = @id",
    );
    this.#endRemoval = new Statement<{ id: string }>(
      database,
      `UPDATE archives SET ${DELETED} WHERE id = @id`,
    );
    this.#toTrash = new Statement<{ id: string; at: number; until: number; jobId: string }>(
      database,
      "UPDATE archives SET trashed_at = @at, trash_until = @until, trashed_by = @jobId WHERE id = @id",
    );
    this.#fromTrash = new Statement<{ id: string }>(
      database,
      `UPDATE archives SET ${OUT_OF_TRASH} WHERE id = @id`,
    );
    const inTrash = "trashed_at IS NOT NULL AND removing_at IS NULL";
    this.#inTrash = new Statement<{ jobId: string }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE ${inTrash} AND trashed_by = @jobId ORDER BY seq DESC`,
    );
    this.#trashEnded = new Statement<{ now: number }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE ${inTrash} AND trash_until <= @now ORDER BY seq`,
    );
    this.#setLock = new Statement<{ id: string; mode: LockMode; until: number }>(
      database,
      "UPDATE archives SET lock_mode = @mode, locked_until = @until WHERE id = @id",
    );
  }

  /**
   * Adds an archive. What the catalogue had at the same place was overwritten by it, and is marked as deleted. Call it
   * in a transaction.
   */
  add(archive: NewArchive): void {
    const { storeKind, endpoint, bucket, key, totals } = archive;
    this.#supersede.run({ storeKind, endpoint, bucket, key });
    this.#insert.run({ ...archive, baseId: archive.baseId ?? null, totals: JSON.stringify(totals) });
  }

  get(id: string): ArchiveRecord | undefined {
    const row = this.#get.get({ id });
    return row === undefined ? undefined : archiveRecord(row);
  }

  /** The newest good archive of a tenant, by the order in which archives were added; none that is lost or going. */
  newest(tenant: string, tenantUid: string): ArchiveRecord | undefined {
    const row = this.#newest.get({ tenant, tenantUid });
    return row === undefined ? undefined : archiveRecord(row);
  }

  /** The good archives of a tenant in one store, newest first by the order in which they were added; none that is lost or going. */
  goodIn({ tenant, tenantUid, storeKind, endpoint, bucket }: Shelf): ArchiveRecord[] {
    const shelf = { tenant, tenantUid, storeKind, endpoint, bucket };
    return this.#goodIn.all({ ...shelf, limit: MOST_IN_STORE }).map(archiveRecord);
  }

  /** Newest first, in the order in which they were added. */
  list({ tenant, tenantUid, all = false, limit }: ArchiveFilter): ArchiveRecord[] {
    const filter = { all: all ? 1 : 0, limit };
    return this.#rows(tenant, tenantUid, filter).map(archiveRecord);
  }

  /** Every archive of a tenant that is not deleted, newest first. */
  ofTenant(tenant: string, tenantUid: string): ArchiveRecord[] {
    return this.#ofTenant.all({ tenant, tenantUid }).map(archiveRecord);
  }

  /** Whether a tenant has a good archive beside this one. */
  hasGoodBeside({ id, tenant, tenantUid }: ArchiveRecord): boolean {
    return this.#goodBeside.get({ id, tenant, tenantUid }) !== undefined;
  }

  /** What is not deleted at a location, newest first; more than one where two endpoints have a bucket of that name. */
  atLocation(location: string): ArchiveRecord[] {
    return this.#atLocation.all({ location }).map(archiveRecord);
  }

  /** Those whose removal has begun and is not known to have ended. */
  removing(): ArchiveRecord[] {
    return this.#removing.all({}).map(archiveRecord);
  }

  /** @param at Undefined: no longer pinned. */
  setPinned(id: string, at: number | undefined): void {
    this.#setPinned.run({ id, at: at ?? null });
  }

  /** @param at Undefined: it was found again. */
  setLost(id: string, at: number | undefined): void {
    this.#setLost.run({ id, at: at ?? null });
  }

  /** A check found it damaged: it is no base any more. */
  markDamaged(id: string, at: number, damage: SerializedError): void {
    this.#markDamaged.run({ id, at, damage: JSON.stringify(damage) });
  }

  /** Every byte was checked and is good, whatever was known before. */
  noteWhole({ id, at, etag, objectSha256 }: WholeCheck): void {
    this.#noteWhole.run({ id, at, etag, objectSha256 });
  }

  /** Journals that the store is about to be asked to remove the archive. */
  beginRemoval(id: string, at: number): void {
    this.#beginRemoval.run({ id, at });
  }

  /** The store has not removed it, and will not any more. */
  giveUpRemoval(id: string): void {
    this.#giveUpRemoval.run({ id });
  }

  /** The archive is gone; it is marked as deleted. */
  endRemoval(id: string): void {
    this.#endRemoval.run({ id });
  }

  /** Removes an archive as far as anybody can see. */
  moveToTrash(id: string, trash: ArchiveTrash): void {
    this.#toTrash.run({ id, ...trash });
  }

  takeFromTrash(id: string): void {
    this.#fromTrash.run({ id });
  }

  /** What a job put into the trash and is still there, newest first. */
  inTrashBy(jobId: string): ArchiveRecord[] {
    return this.#inTrash.all({ jobId }).map(archiveRecord);
  }

  /** What has been in the trash for long enough, oldest first. */
  trashEnded(now: number): ArchiveRecord[] {
    return this.#trashEnded.all({ now }).map(archiveRecord);
  }

  setLock(id: string, { mode, until }: WantedLock): void {
    this.#setLock.run({ id, mode, until });
  }

  #rows(tenant: string | undefined, tenantUid: string | undefined, filter: Filter): ArchiveRow[] {
    if (tenant === undefined) return this.#list.all(filter);
    return tenantUid === undefined
      ? this.#listTenant.all({ tenant, ...filter })
      : this.#listTenantUid.all({ tenant, tenantUid, ...filter });
  }
}

function archiveRecord(row: ArchiveRow): ArchiveRecord {
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
  };
}

function trashOf({
  trashed_at: at,
  trash_until: until,
  trashed_by: jobId,
}: ArchiveRow): Partial<ArchiveRecord> {
  return at === null || until === null || jobId === null ? {} : { trash: { at, until, jobId } };
}
