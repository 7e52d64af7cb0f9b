import type Database from "better-sqlite3";
import type { AlertEvent } from "../alerts/event.js";
import type { Folded } from "../alerts/folding.js";
import { Statement, type NoParameters } from "./statement.js";

/** Something that is wrong. */
export interface AlertCondition extends Folded {
  /** What is wrong, and with whom: equal for the same trouble. */
  readonly key: string;
  /** Absent: the gateway itself. */
  readonly tenantUid?: string;
  /** The last time it happened. */
  readonly event: AlertEvent;
}

interface ConditionRow {
  readonly key: string;
  readonly tenant_uid: string | null;
  readonly alert_json: string;
  readonly since: number;
  readonly last_at: number;
  readonly count: number;
  readonly said: number;
  readonly said_at: number;
}

/** Table `alert_conditions`: what is wrong, and how far it has been told. */
export class AlertConditionsTable {
  readonly #put;
  readonly #get;
  readonly #list;
  readonly #remove;

  constructor(database: Database.Database) {
    this.#put = new Statement<{
      key: string;
      tenantUid: string | null;
      event: string;
      since: number;
      lastAt: number;
      count: number;
      said: number;
      saidAt: number;
    }>(
      database,
      `INSERT OR REPLACE INTO alert_conditions (key, tenant_uid, alert_json, since, last_at, count, said, said_at)
       VALUES (@key, @tenantUid, @event, @since, @lastAt, @count, @said, @saidAt)`,
    );
    this.#get = new Statement<{ key: string }, ConditionRow>(
      database,
      "SELECT * FROM alert_conditions WHERE key = @key",
    );
    this.#list = new Statement<NoParameters, ConditionRow>(
      database,
      "SELECT * FROM alert_conditions ORDER BY since, key",
    );
    this.#remove = new Statement<{ key: string }>(database, "DELETE FROM alert_conditions WHERE key = @key");
  }

  put({ key, tenantUid, event, since, lastAt, count, said, saidAt }: AlertCondition): void {
    this.#put.run({
      ...{ key, since, lastAt, count, said, saidAt },
      tenantUid: tenantUid ?? null,
      event: JSON.stringify(event),
    });
  }

  get(key: string): AlertCondition | undefined {
    const row = this.#get.get({ key });
    return row === undefined ? undefined : condition(row);
  }

  /** Longest first. */
  list(): AlertCondition[] {
    return this.#list.all({}).map(condition);
  }

  remove(key: string): void {
    this.#remove.run({ key });
  }
}

function condition(row: ConditionRow): AlertCondition {
  return {
    key: row.key,
    ...(row.tenant_uid === null ? {} : { tenantUid: row.tenant_uid }),
    event: JSON.parse(row.alert_json) as AlertEvent,
    since: row.since,
    lastAt: row.last_at,
    count: row.count,
    said: row.said,
    saidAt: row.said_at,
  };
}
