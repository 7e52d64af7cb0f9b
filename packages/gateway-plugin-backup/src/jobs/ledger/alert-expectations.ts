import type Database from "better-sqlite3";
import { Statement, type NoParameters } from "./statement.js";

/** A schedule that was seen to back a tenant up. */
export interface Expectation {
  readonly tenantUid: string;
  readonly schedule: string;
  /** When it was first seen as it is; milliseconds since the epoch. */
  readonly since: number;
  /** The longest time between two of its next runs. */
  readonly intervalMs: number;
}

interface ExpectationRow {
  readonly tenant_uid: string;
  readonly schedule: string;
  readonly since: number;
  readonly interval_ms: number;
}

/** Table `alert_expectations`: what has become of a schedule does not go unnoticed. */
export class AlertExpectationsTable {
  readonly #put;
  readonly #list;
  readonly #remove;

  constructor(database: Database.Database) {
    this.#put = new Statement<{ tenantUid: string; schedule: string; since: number; intervalMs: number }>(
      database,
      `INSERT INTO alert_expectations (tenant_uid, schedule, since, interval_ms)
       VALUES (@tenantUid, @schedule, @since, @intervalMs)
       ON CONFLICT (tenant_uid, schedule) DO UPDATE SET since = @since, interval_ms = @intervalMs`,
    );
    this.#list = new Statement<NoParameters, ExpectationRow>(
      database,
      "SELECT * FROM alert_expectations ORDER BY tenant_uid, schedule",
    );
    this.#remove = new Statement<{ tenantUid: string; schedule: string }>(
      database,
      "DELETE FROM alert_expectations WHERE tenant_uid = @tenantUid AND schedule = @schedule",
    );
  }

  put({ tenantUid, schedule, since, intervalMs }: Expectation): void {
    this.#put.run({ tenantUid, schedule, since, intervalMs });
  }

  list(): Expectation[] {
    return this.#list.all({}).map((row) => ({
      tenantUid: row.tenant_uid,
      schedule: row.schedule,
      since: row.since,
      intervalMs: row.interval_ms,
    }));
  }

  remove({ tenantUid, schedule }: Pick<Expectation, "tenantUid" | "schedule">): void {
    this.#remove.run({ tenantUid, schedule });
  }
}
