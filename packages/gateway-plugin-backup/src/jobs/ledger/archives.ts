import type Database from "better-sqlite3";
import type { SerializedError } from "../../errors.js";
import type { LockMode, WantedLock } from "../../stores/object-lock.js";
import { archiveRecord } from "./archive-record.js";
import type { ArchiveRecord, ArchiveRow, ArchiveTrash, NewArchive } from "./archive-record.js";
import { Statement, type NoParameters } from "./statement.js";

export { identityOf } from "./archive-record.js";
export type { ArchiveRecord, ArchiveState, ArchiveTrash, NewArchive } from "./archive-record.js";

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

/** Where an object is: what the rows of one object have in common. */
type Place = Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket" | "key">;

/** The archives of one tenant in one store. */
type Shelf = Pick<ArchiveRecord, "tenant" | "tenantUid" | "storeKind" | "endpoint" | "bucket">;

/** A place that keys begin with: "" is the whole store, else it ends with "/". */
export type PlacePrefix = Omit<Place, "key"> & { readonly prefix: string };

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
  readonly #sizes;
  readonly #within;
  readonly #goodBeside;
  readonly #ofSet;
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
  readonly #setSet;

  constructor(database: Database.Database) {
    this.#insert = new Statement<
      Omit<NewArchive, "totals" | "baseId" | "signedBy" | "setId" | "encryption" | "objectSha256"> & {
        totals: string;
        baseId: string | null;
        signedBy: string | null;
        setId: string | null;
        encryption: string | null;
        objectSha256: string | null;
      }
    >(
      database,
      `INSERT INTO archives (id, job_id, tenant, tenant_uid, location, store_kind, endpoint, bucket, key, size, etag,
         index_sha256, format_version, created_at, totals_json, state, base_id, checked_at, signed_by,
         set_id, encryption, object_sha256)
       VALUES (@id, @jobId, @tenant, @tenantUid, @location, @storeKind, @endpoint, @bucket, @key, @size, @etag,
         @indexSha256, @formatVersion, @createdAt, @totals, @state, @baseId, @checkedAt, @signedBy,
         @setId, @encryption, @objectSha256)`,
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
         AND encryption IS NULL ORDER BY seq DESC LIMIT @limit`,
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
    this.#sizes = new Statement<{ tenant: string; tenantUid: string }, { size: number }>(
      database,
      `SELECT size FROM archives WHERE ${tenantUid} AND state <> 'deleted'`,
    );
    this.#within = new Statement<PlacePrefix, { archives: number; bytes: number }>(
      database,
      `SELECT count(*) AS archives, total(size) AS bytes FROM archives WHERE state <> 'deleted'
         AND store_kind = @storeKind AND endpoint = @endpoint AND bucket = @bucket
         AND substr(key, 1, length(@prefix)) = @prefix`,
    );
    this.#goodBeside = new Statement<{ id: string; tenant: string; tenantUid: string }, { id: string }>(
      database,
      `SELECT id FROM archives WHERE ${isGood} AND id <> @id LIMIT 1`,
    );
    this.#ofSet = new Statement<{ setId: string }, ArchiveRow>(
      database,
      "SELECT * FROM archives WHERE set_id = @setId AND state <> 'deleted' ORDER BY seq",
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
    this.#setSet = new Statement<{ id: string; setId: string }>(
      database,
      "UPDATE archives SET set_id = @setId WHERE id = @id",
    );
  }

  /**
   * Adds an archive. What the catalogue had at the same place was overwritten by it, and is marked as deleted. Call it
   * in a transaction.
   */
  add(archive: NewArchive): void {
    const {
      storeKind,
      endpoint,
      bucket,
      key,
      totals,
      baseId = null,
      signedBy = null,
      setId = null,
    } = archive;
    this.#supersede.run({ storeKind, endpoint, bucket, key });
    const { encryption = null, objectSha256 = null } = archive;
    this.#insert.run({
      ...archive,
      baseId,
      signedBy,
      setId,
      encryption,
      objectSha256,
      totals: JSON.stringify(totals),
    });
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

  /** The good archives of a tenant in one store that are not encrypted, newest first by the order in which they were added; none that is lost or going. */
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

  /** Bytes of all objects of a tenant that are not deleted, those in the trash among them. */
  storedBytes(tenant: string, tenantUid: string): number {
    return this.#sizes.all({ tenant, tenantUid }).reduce((sum, { size }) => sum + size, 0);
  }

  /** How many archives stand in a place, and their bytes; those in the trash among them. */
  within({ storeKind, endpoint, bucket, prefix }: PlacePrefix): { archives: number; bytes: number } {
    const place = { storeKind, endpoint, bucket, prefix };
    /* c8 ignore next -- totals of no rows are a row as well */
    return this.#within.get(place) ?? { archives: 0, bytes: 0 };
  }

  /** Whether a tenant has a good archive beside this one. */
  hasGoodBeside({ id, tenant, tenantUid }: ArchiveRecord): boolean {
    return this.#goodBeside.get({ id, tenant, tenantUid }) !== undefined;
  }

  /** The archives of a backup of the whole gateway that are not deleted: the state first. */
  ofSet(setId: string): ArchiveRecord[] {
    return this.#ofSet.all({ setId }).map(archiveRecord);
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

  /** Makes it a part of a backup of the whole gateway. */
  setSet(id: string, setId: string): void {
    this.#setSet.run({ id, setId });
  }

  #rows(tenant: string | undefined, tenantUid: string | undefined, filter: Filter): ArchiveRow[] {
    if (tenant === undefined) return this.#list.all(filter);
    return tenantUid === undefined
      ? this.#listTenant.all({ tenant, ...filter })
      : this.#listTenantUid.all({ tenant, tenantUid, ...filter });
  }
}
