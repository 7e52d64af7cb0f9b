import type Database from "better-sqlite3";
import type { Alert } from "../alerts/event.js";
import { Statement, type NoParameters } from "./statement.js";

/** An alert that a channel has not taken yet. */
export interface AlertDelivery {
  readonly channel: string;
  readonly alert: Alert;
  /** How often it was tried. */
  readonly attempts: number;
}

export interface NewDelivery {
  readonly channel: string;
  readonly alert: Alert;
  /** The first to go when the queue is full. */
  readonly isChatter: boolean;
  /** What a later alert may make this one needless for. */
  readonly topic: string;
}

/** How a channel does; times in milliseconds since the epoch. */
export interface ChannelState {
  readonly name: string;
  readonly sentAt?: number;
  /** Since it takes alerts again: absent, like `problem`. */
  readonly failedAt?: number;
  readonly problem?: string;
  /** In a row. */
  readonly failures: number;
  /** Not before then is it tried again. */
  readonly retryAt: number;
}

interface DeliveryRow {
  readonly channel: string;
  readonly alert_json: string;
  readonly attempts: number;
}

interface ChannelRow {
  readonly name: string;
  readonly sent_at: number | null;
  readonly failed_at: number | null;
  readonly failures: number;
  readonly retry_at: number;
  readonly problem: string | null;
}

/** Tables `alert_deliveries` and `alert_channels`: the queue of alerts, and how it goes on. */
export class AlertDeliveriesTable {
  readonly #insert;
  readonly #next;
  readonly #attempted;
  readonly #remove;
  readonly #supersede;
  readonly #overflow;
  readonly #waiting;
  readonly #channel;
  readonly #sent;
  readonly #failed;
  readonly #forget;

  constructor(database: Database.Database) {
    this.#insert = new Statement<{
      channel: string;
      id: string;
      alert: string;
      chatter: number;
      topic: string;
      createdAt: number;
    }>(
      database,
      `INSERT INTO alert_deliveries (channel, id, alert_json, chatter, topic, created_at)
       VALUES (@channel, @id, @alert, @chatter, @topic, @createdAt)`,
    );
    this.#next = new Statement<{ channel: string }, DeliveryRow>(
      database,
      // One that a receiver does not want must not be in the way of the others.
      "SELECT * FROM alert_deliveries WHERE channel = @channel ORDER BY attempts, id LIMIT 1",
    );
    this.#attempted = new Statement<{ channel: string; id: string }>(
      database,
      "UPDATE alert_deliveries SET attempts = attempts + 1 WHERE channel = @channel AND id = @id",
    );
    this.#remove = new Statement<{ channel: string; id: string }>(
      database,
      "DELETE FROM alert_deliveries WHERE channel = @channel AND id = @id",
    );
    this.#supersede = new Statement<{ channel: string; topic: string }>(
      database,
      "DELETE FROM alert_deliveries WHERE channel = @channel AND topic = @topic",
    );
    this.#overflow = new Statement<{ channel: string; most: number }>(
      database,
      `DELETE FROM alert_deliveries WHERE channel = @channel AND id IN (
         SELECT id FROM alert_deliveries WHERE channel = @channel ORDER BY chatter, id DESC LIMIT -1 OFFSET @most)`,
    );
    this.#waiting = new Statement<NoParameters, { channel: string; count: number }>(
      database,
      "SELECT channel, count(*) AS count FROM alert_deliveries GROUP BY channel ORDER BY channel",
    );
    this.#channel = new Statement<{ name: string }, ChannelRow>(
      database,
      "SELECT * FROM alert_channels WHERE name = @name",
    );
    this.#sent = new Statement<{ name: string; at: number }>(
      database,
      "INSERT OR REPLACE INTO alert_channels (name, sent_at) VALUES (@name, @at)",
    );
    this.#failed = new Statement<{ name: string; at: number; retryAt: number; problem: string }>(
      database,
      `INSERT INTO alert_channels (name, failed_at, failures, retry_at, problem) VALUES (@name, @at, 1, @retryAt, @problem)
       ON CONFLICT (name) DO UPDATE SET failed_at = @at, failures = failures + 1, retry_at = @retryAt, problem = @problem`,
    );
    this.#forget = new Statement<{ name: string }>(database, "DELETE FROM alert_channels WHERE name = @name");
  }

  add({ channel, alert, isChatter, topic }: NewDelivery): void {
    this.#insert.run({
      channel,
      id: alert.id,
      alert: JSON.stringify(alert),
      chatter: isChatter ? 1 : 0,
      topic,
      createdAt: alert.at,
    });
  }

  /** What is to be tried next on a channel: what was tried least, the oldest of it. */
  next(channel: string): AlertDelivery | undefined {
    const row = this.#next.get({ channel });
    return row === undefined
      ? undefined
      : { channel, alert: JSON.parse(row.alert_json) as Alert, attempts: row.attempts };
  }

  remove(channel: string, id: string): void {
    this.#remove.run({ channel, id });
  }

  /** Removes what waits on a channel for a topic; returns how many that were, as the next one does. */
  supersede(channel: string, topic: string): number {
    return this.#supersede.run({ channel, topic });
  }

  /** Keeps `most` of a channel: the newest, and chatter only where there is room. */
  limit(channel: string, most: number): number {
    return this.#overflow.run({ channel, most });
  }

  /** How many wait, by channel; none: not in it. */
  waiting(): ReadonlyMap<string, number> {
    return new Map(this.#waiting.all({}).map(({ channel, count }) => [channel, count]));
  }

  /** How a channel does. */
  channel(name: string): ChannelState {
    const row = this.#channel.get({ name });
    if (row === undefined) return { name, failures: 0, retryAt: 0 };
    return {
      name,
      failures: row.failures,
      retryAt: row.retry_at,
      ...(row.sent_at === null ? {} : { sentAt: row.sent_at }),
      ...(row.failed_at === null ? {} : { failedAt: row.failed_at }),
      ...(row.problem === null ? {} : { problem: row.problem }),
    };
  }

  /** A channel has taken an alert. */
  noteSent(name: string, at: number): void {
    this.#sent.run({ name, at });
  }

  /** @param id Of the alert that it has not taken. @param problem No secret. */
  noteFailed(
    name: string,
    id: string,
    failure: { readonly at: number; readonly retryAt: number; readonly problem: string },
  ): void {
    this.#attempted.run({ channel: name, id });
    this.#failed.run({ name, ...failure });
  }

  /** Of a channel that is not configured any more. */
  forget(name: string): void {
    this.#forget.run({ name });
  }
}
