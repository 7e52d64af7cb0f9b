/**
 * What people are told: takes events from the jobs, folds what repeats, and queues what is left for each channel that
 * wants it. The queue stands in the ledger, so that a restart loses no alert; sending is the outbox's.
 */
import type { Clock, PluginLogger, TenantAccess } from "@openclaw/gateway-core";
import { messageOf } from "../../system-error.js";
import type { IdMaker } from "../ids.js";
import type { AlertCondition } from "../ledger/alert-conditions.js";
import type { Ledger } from "../ledger/ledger.js";
import type { Channel } from "./channel.js";
import type { Alert, AlertEvent } from "./event.js";
import { fold } from "./folding.js";

/** Most alerts that wait on one channel: more than a receiver that was down for long would look at. */
const MOST_WAITING = 1000;

/** Longest message that is kept; an error of a library can be pages. */
const MESSAGE_CHARACTERS = 2000;

export interface AlertsOptions {
  readonly ledger: Pick<Ledger, "conditions" | "deliveries" | "transaction">;
  readonly tenants: Pick<TenantAccess, "get" | "list">;
  readonly clock: Clock;
  readonly log: PluginLogger;
  readonly ids: IdMaker;
  readonly channels: readonly Channel[];
}

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #onDropped: ((channel: string, count: number) => void)[] = [];

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  /**
   * Says that something has happened. Returns as soon as the ledger has it; never throws, because no work may fail for want
   * of an alert: what the ledger cannot take is logged.
   *
   * - `failure`, `warning`, `absence` and `damaged` are folded: by tenant, and by job and subject, or by archive.
   * - `success` ends the failures of its tenant, job and subject (and the absence, where a backup succeeded): `recovered` is
   *   told, if a failure was. A success with `warnings` does not end those.
   * - `recovered` says by itself that the trouble of its archive, of its job and subject, or the absence, is over; it is
   *   told only if there was one.
   *
   * @param options.isNew False: it did not happen once more, it goes on.
   */
  raise(event: AlertEvent, { isNew = true }: { readonly isNew?: boolean } = {}): void {
    const cut = { ...event, message: event.message.slice(0, MESSAGE_CHARACTERS) };
    try {
      this.#options.ledger.transaction(() => this.#take(cut, isNew));
    } catch (error) {
      const fields = { kind: event.kind, tenant: event.tenant, problem: messageOf(error) };
      this.#options.log.error(fields, "An alert could not be noted.");
    }
  }

  /** What is wrong now, longest first. */
  conditions(): readonly AlertCondition[] {
    return this.#options.ledger.conditions.list();
  }

  /** Forgets the troubles of tenants that are not there any more. */
  forgetDeleted(): void {
    const { ledger, tenants } = this.#options;
    const standing = new Set(tenants.list().map(({ uid }) => uid));
    for (const { key, tenantUid } of ledger.conditions.list()) {
      if (tenantUid !== undefined && !standing.has(tenantUid)) ledger.conditions.remove(key);
    }
  }

  /** Alerts that a full queue had no room for. */
  onDropped(listener: (channel: string, count: number) => void): void {
    this.#onDropped.push(listener);
  }

  #take(event: AlertEvent, isNew: boolean): void {
    switch (event.kind) {
      case "start":
        this.#queue(event, {}, true);
        return;
      case "success":
        this.#end(event, this.#endedBySuccess(event));
        this.#queue(event, {}, true);
        return;
      case "recovered":
        this.#end(event, this.#endedByRecovery(event));
        return;
      default:
        this.#fold(event, isNew);
    }
  }

  #fold(event: AlertEvent, isNew: boolean): void {
    const { clock, ledger } = this.#options;
    const key = this.#key(event);
    const tenantUid = this.#uid(event);
    const { folded, say } = fold(ledger.conditions.get(key), clock.now(), isNew);
    ledger.conditions.put({ key, event, ...folded, ...(tenantUid === undefined ? {} : { tenantUid }) });
    if (say || isNew) this.#queue(event, { count: folded.count, since: folded.since }, say);
  }

  #end(event: AlertEvent, keys: readonly string[]): void {
    const { conditions } = this.#options.ledger;
    const ended = keys.flatMap((key) => conditions.get(key) ?? []);
    for (const { key } of ended) conditions.remove(key);
    const told = ended.filter((condition) => condition.event.kind !== "warning");
    if (told.length === 0) return;
    const since = Math.min(...told.map((condition) => condition.since));
    const count = told.reduce((sum, condition) => sum + condition.count, 0);
    const message = `${event.message} It was not since ${new Date(since).toISOString()}.`;
    this.#queue({ ...event, kind: "recovered", message }, { count, since }, true);
  }

  #endedBySuccess(event: AlertEvent): string[] {
    return [
      this.#key({ ...event, kind: "failure" }),
      ...(event.warnings === undefined ? [this.#key({ ...event, kind: "warning" })] : []),
      ...(event.job === "backup" ? [this.#key({ ...event, kind: "absence" })] : []),
    ];
  }

  #endedByRecovery(event: AlertEvent): string[] {
    if (event.archive !== undefined) return [this.#key({ ...event, kind: "damaged" })];
    if (event.subject !== undefined) return [this.#key({ ...event, kind: "failure" })];
    return [this.#key({ ...event, kind: "absence" })];
  }

  /** Equal for the same trouble. */
  #key(event: AlertEvent): string {
    const { kind, tenant = "", job = "", subject = "", archive = "" } = event;
    const whose = [this.#uid(event) ?? tenant];
    if (kind === "absence") return JSON.stringify([kind, ...whose]);
    return JSON.stringify([kind, ...whose, ...(kind === "damaged" ? [archive] : [job, subject])]);
  }

  #uid({ tenant }: AlertEvent): string | undefined {
    return tenant === undefined ? undefined : this.#options.tenants.get(tenant)?.uid;
  }

  /** @param isTold False: folded; only those hear of it that want to know how it is now, and not what happened. */
  #queue(event: AlertEvent, figures: Pick<Alert, "count" | "since">, isTold: boolean): void {
    const { channels, clock, ids, ledger } = this.#options;
    const alert: Alert = { ...event, ...figures, id: ids.next("n"), at: clock.now() };
    for (const channel of channels) {
      if (!channel.wants(event) || (!isTold && channel.kind !== "ping")) continue;
      const topic = JSON.stringify([event.tenant, event.job, event.subject]);
      // What a ping says is how it is now: what waits is out of date.
      if (channel.kind === "ping") ledger.deliveries.supersede(channel.name, topic);
      const isChatter = event.kind === "start" || event.kind === "success";
      ledger.deliveries.add({ channel: channel.name, alert, isChatter, topic });
      const dropped = ledger.deliveries.limit(channel.name, MOST_WAITING);
      if (dropped > 0) for (const listener of this.#onDropped) listener(channel.name, dropped);
    }
  }
}
