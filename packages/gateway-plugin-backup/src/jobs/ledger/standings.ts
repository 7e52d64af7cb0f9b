/** How the archives of all tenants stand, in a few statements however many tenants there are. */
import type Database from "better-sqlite3";
import { archiveRecord, type ArchiveRecord, type ArchiveRow } from "./archive-record.js";
import { Statement, type NoParameters } from "./statement.js";

/** The tenant that had this id with this uid. */
export interface TenantIdentity {
  readonly id: string;
  readonly uid: string;
}

/** Of one tenant's archives that are not deleted. */
export interface Standing {
  /** How many there are, and their bytes; those in the trash among them. */
  readonly archives: number;
  readonly bytes: number;
  /** When one that is good was last verified. */
  readonly verifiedAt?: number;
}

interface StandingRow {
  readonly tenant: string;
  readonly tenant_uid: string;
  readonly archives: number;
  readonly bytes: number;
  readonly verified_at: number | null;
}

interface SizesRow {
  readonly tenant: string;
  readonly tenant_uid: string;
  readonly sizes: string;
}

/** By tenant. */
export class ByTenant<T> {
  readonly #values = new Map<string, T>();

  set({ id, uid }: TenantIdentity, value: T): void {
    this.#values.set(`${id} ${uid}`, value);
  }

  get({ id, uid }: TenantIdentity): T | undefined {
    return this.#values.get(`${id} ${uid}`);
  }
}

const NOT_DELETED = "state <> 'deleted'";
const IS_GOOD = "state = 'good' AND lost_at IS NULL AND removing_at IS NULL AND trashed_at IS NULL";

/** Reads table `archives` by its index `archives_standing`. */
export class Standings {
  readonly #all;
  readonly #newest;
  readonly #damaged;
  readonly #sizes;

  constructor(database: Database.Database) {
    this.#all = new Statement<NoParameters, StandingRow>(
      database,
      `SELECT tenant, tenant_uid, count(*) AS archives, sum(size) AS bytes,
         max(verified_at) FILTER (WHERE state = 'good') AS verified_at
       FROM archives INDEXED BY archives_standing WHERE ${NOT_DELETED} GROUP BY tenant, tenant_uid`,
    );
    this.#newest = new Statement<NoParameters, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE seq IN (
         SELECT max(seq) FROM archives INDEXED BY archives_standing
         WHERE ${NOT_DELETED} AND ${IS_GOOD} GROUP BY tenant, tenant_uid)`,
    );
    this.#damaged = new Statement<NoParameters, ArchiveRow>(
      database,
      `SELECT * FROM archives WHERE seq IN (
         SELECT seq FROM archives INDEXED BY archives_standing WHERE ${NOT_DELETED} AND state = 'damaged')
       ORDER BY seq DESC`,
    );
    this.#sizes = new Statement<{ tenants: string; limit: number }, SizesRow>(
      database,
      `SELECT asked.value ->> 'id' AS tenant, asked.value ->> 'uid' AS tenant_uid, (
         SELECT json_group_array(size) FROM (
           SELECT size FROM archives INDEXED BY archives_standing
           WHERE tenant = asked.value ->> 'id' AND tenant_uid = asked.value ->> 'uid' AND ${NOT_DELETED} AND ${IS_GOOD}
           ORDER BY seq DESC LIMIT @limit)) AS sizes
       FROM json_each(@tenants) AS asked`,
    );
  }

  /** Tenants without an archive are not in it. */
  all(): ByTenant<Standing> {
    const standings = new ByTenant<Standing>();
    for (const { tenant: id, tenant_uid: uid, archives, bytes, verified_at: at } of this.#all.all({}))
      standings.set({ id, uid }, { archives, bytes, ...(at === null ? {} : { verifiedAt: at }) });
    return standings;
  }

  /** The tenants that have archives, whether they are on this gateway or not. */
  owners(): TenantIdentity[] {
    return this.#all.all({}).map(({ tenant: id, tenant_uid: uid }) => ({ id, uid }));
  }

  /** The newest good archive of each tenant, by the order in which archives were added; none that is lost or going. */
  newest(): ByTenant<ArchiveRecord> {
    const newest = new ByTenant<ArchiveRecord>();
    for (const row of this.#newest.all({}))
      newest.set({ id: row.tenant, uid: row.tenant_uid }, archiveRecord(row));
    return newest;
  }

  /** The damaged archives of each tenant that has some, newest first. */
  damaged(): ByTenant<readonly ArchiveRecord[]> {
    const damaged = new ByTenant<readonly ArchiveRecord[]>();
    for (const row of this.#damaged.all({})) {
      const tenant = { id: row.tenant, uid: row.tenant_uid };
      damaged.set(tenant, [...(damaged.get(tenant) ?? []), archiveRecord(row)]);
    }
    return damaged;
  }

  /** Bytes of each tenant's last good archives, at most `limit`, the oldest of them first. */
  sizes(tenants: readonly TenantIdentity[], limit: number): ByTenant<readonly number[]> {
    const sizes = new ByTenant<readonly number[]>();
    const asked = JSON.stringify(tenants.map(({ id, uid }) => ({ id, uid })));
    for (const row of this.#sizes.all({ tenants: asked, limit }))
      sizes.set({ id: row.tenant, uid: row.tenant_uid }, (JSON.parse(row.sizes) as number[]).reverse());
    return sizes;
  }
}
