import type Database from "better-sqlite3";
import type { ArchiveTotals } from "../../archive/format.js";
import { Statement } from "./statement.js";

/** `damaged`: a check found it so. `deleted`: the object is gone, or another archive took its place. */
export type ArchiveState = "good" | "damaged" | "deleted";

/** An archive as the catalogue knows it. */
export interface ArchiveRecord {
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
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly totals: ArchiveTotals;
  readonly state: ArchiveState;
}

export interface ArchiveFilter {
  readonly tenant?: string;
  /** Needs `tenant`: only the archives of the tenant that has this uid. */
  readonly tenantUid?: string;
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
}

/** Table `archives`: the catalogue. */
export class ArchivesTable {
  readonly #insert;
  readonly #supersede;
  readonly #get;
  readonly #newest;
  readonly #list;
  readonly #listTenant;
  readonly #listTenantUid;

  constructor(database: Database.Database) {
    this.#insert = new Statement<Omit<ArchiveRecord, "totals"> & { totals: string }>(
      database,
      `INSERT INTO archives (id, job_id, tenant, tenant_uid, location, store_kind, endpoint, bucket, key, size, etag,
         index_sha256, format_version, created_at, totals_json, state)
       VALUES (@id, @jobId, @tenant, @tenantUid, @location, @storeKind, @endpoint, @bucket, @key, @size, @etag,
         @indexSha256, @formatVersion, @createdAt, @totals, @state)`,
    );
    this.#supersede = new Statement<Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket" | "key">>(
      database,
      `UPDATE archives SET state = 'deleted'
       WHERE store_kind = @storeKind AND endpoint = @endpoint AND bucket = @bucket AND key = @key`,
    );
    this.#get = new Statement<{ id: string }, ArchiveRow>(database, "SELECT * FROM archives WHERE id = @id");
    this.#newest = new Statement<{ tenant: string; tenantUid: string }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE tenant = @tenant AND tenant_uid = @tenantUid AND state = 'good'
       ORDER BY seq DESC LIMIT 1`,
    );
    const newest = "ORDER BY seq DESC LIMIT @limit";
    this.#list = new Statement<{ limit: number }, ArchiveRow>(database, `SELECT * FROM archives ${newest}`);
    this.#listTenant = new Statement<{ tenant: string; limit: number }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE tenant = @tenant ${newest}`,
    );
    this.#listTenantUid = new Statement<{ tenant: string; tenantUid: string; limit: number }, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE tenant = @tenant AND tenant_uid = @tenantUid ${newest}`,
    );
  }

  /**
   * Adds an archive. What the catalogue had at the same place was overwritten by it, and is marked as deleted. Call it
   * in a transaction.
   */
  add(archive: ArchiveRecord): void {
    const { storeKind, endpoint, bucket, key, totals } = archive;
    this.#supersede.run({ storeKind, endpoint, bucket, key });
    this.#insert.run({ ...archive, totals: JSON.stringify(totals) });
  }

  get(id: string): ArchiveRecord | undefined {
    const row = this.#get.get({ id });
    return row === undefined ? undefined : archiveRecord(row);
  }

  /** The newest good archive of a tenant, by the order in which archives were added. */
  newest(tenant: string, tenantUid: string): ArchiveRecord | undefined {
    const row = this.#newest.get({ tenant, tenantUid });
    return row === undefined ? undefined : archiveRecord(row);
  }

  /** Newest first, in the order in which they were added. */
  list({ tenant, tenantUid, limit }: ArchiveFilter): ArchiveRecord[] {
    return this.#rows(tenant, tenantUid, limit).map(archiveRecord);
  }

  #rows(tenant: string | undefined, tenantUid: string | undefined, limit: number): ArchiveRow[] {
    if (tenant === undefined) return this.#list.all({ limit });
    return tenantUid === undefined
      ? this.#listTenant.all({ tenant, limit })
      : this.#listTenantUid.all({ tenant, tenantUid, limit });
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
  };
}
