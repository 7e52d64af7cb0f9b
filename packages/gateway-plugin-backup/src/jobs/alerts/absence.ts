/** Watches for silence: tenants that have had no good backup for longer than they should. */
import type { PluginHost, ScheduleInfo, TenantRecord } from "@openclaw/gateway-core";
import picomatch from "picomatch";
import type { Expectation } from "../ledger/alert-expectations.js";
import type { ArchiveRecord } from "../ledger/archives.js";
import type { Ledger } from "../ledger/ledger.js";
import type { ByTenant } from "../ledger/standings.js";
import { parseDuration } from "../retention/duration.js";
import { withinMs } from "../retention/policy.js";
import type { Alerts } from "./alerts.js";
import { deadlineOf, type Deadline } from "./deadlines.js";
import type { AbsenceConfig } from "./schema.js";

const LOOK_EVERY_MS = 60_000;

/** A gateway that was down first makes up for what it has missed. */
const START_GRACE_MS = 300_000;

/** By the tenant's id; one without any is not in it. */
export type SchedulesByTenant = ReadonlyMap<string, readonly ScheduleInfo[]>;

export interface AbsenceOptions {
  readonly host: Pick<PluginHost, "clock" | "schedules" | "tenants">;
  readonly ledger: Pick<Ledger, "archives" | "expectations" | "standings">;
  readonly alerts: Pick<Alerts, "raise" | "conditions" | "forgetDeleted">;
  readonly config: AbsenceConfig;
}

export class AbsenceWatch {
  readonly #options: AbsenceOptions;
  readonly #isExcepted: (tenant: string) => boolean;
  readonly #graceMs: number;
  readonly #maxAgeMs: number | undefined;
  readonly #startedAt: number;
  #lookedAt = -Infinity;

  constructor(options: AbsenceOptions) {
    const { config, host } = options;
    this.#options = options;
    this.#isExcepted =
      config.except.length === 0 ? () => false : picomatch([...config.except], { dot: true });
    this.#graceMs = withinMs(config.grace);
    this.#maxAgeMs = config.maxAge === undefined ? undefined : parseDuration(config.maxAge);
    this.#startedAt = host.clock.now();
  }

  /** To be called often; looks once a minute. Throws what the ledger does. */
  look(): void {
    const now = this.#options.host.clock.now();
    // A clock that was set back must not keep it from looking.
    if (now >= this.#lookedAt && now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    const { alerts, host, ledger } = this.#options;
    alerts.forgetDeleted();
    this.#learn(now);
    if (now - this.#startedAt < START_GRACE_MS) return;
    const absent = new Set(
      alerts.conditions().flatMap(({ tenantUid, event }) => (event.kind === "absence" ? [tenantUid] : [])),
    );
    const deadlines = this.deadlines();
    for (const { id, uid } of host.tenants.list()) {
      const deadline = deadlines.get(id);
      if (deadline !== undefined && now > deadline.at) {
        const message = `Tenant ${id} ${ageOf(ledger.archives.newest(id, uid))}: ${deadline.because}.`;
        alerts.raise({ kind: "absence", tenant: id, job: "backup", message }, { isNew: false });
      } else if (absent.has(uid)) {
        const message = `Tenant ${id} has the backups again that it should have.`;
        alerts.raise({ kind: "recovered", tenant: id, job: "backup", message });
      }
    }
  }

  /**
   * By when the next good backup has to be there, by tenant; not in it: nothing asks for one.
   *
   * @param newest The newest good archives, where they are known already.
   * @param schedules As {@link schedules} gives them.
   */
  deadlines(
    newest: ByTenant<ArchiveRecord> = this.#options.ledger.standings.newest(),
    schedules: SchedulesByTenant = this.schedules(),
  ): ReadonlyMap<string, Deadline> {
    const { host, ledger } = this.#options;
    const expectations = groupBy(ledger.expectations.list(), ({ tenantUid }) => tenantUid);
    const found = new Map<string, Deadline>();
    for (const { id, uid, createdAt } of host.tenants.list()) {
      if (this.#isExcepted(id)) continue;
      const last = newest.get({ id, uid });
      const deadline = deadlineOf({
        ...(last === undefined ? {} : { lastGood: last.createdAt }),
        createdAt: Date.parse(createdAt),
        schedules: schedules.get(id) ?? [],
        expectations: expectations.get(uid) ?? [],
        graceMs: this.#graceMs,
        ...(this.#maxAgeMs === undefined ? {} : { maxAgeMs: this.#maxAgeMs }),
      });
      if (deadline !== undefined) found.set(id, deadline);
    }
    return found;
  }

  /** Notes which schedules are enabled, and forgets those that are needless. */
  #learn(now: number): void {
    const { host, ledger } = this.#options;
    const tenants = new Map(host.tenants.list().map((tenant) => [tenant.uid, tenant]));
    const schedules = this.schedules();
    const known = ledger.expectations.list();
    for (const expectation of known) {
      if (this.#isNeedless(expectation, tenants, schedules)) ledger.expectations.remove(expectation);
    }
    const keyOf = (tenantUid: string, schedule: string): string => `${tenantUid} ${schedule}`;
    const since = new Map(known.map((one) => [keyOf(one.tenantUid, one.schedule), one.since]));
    for (const { id, uid } of tenants.values()) {
      for (const schedule of schedules.get(id) ?? []) {
        const seen = since.get(keyOf(uid, schedule.name)) ?? -Infinity;
        // One that was made anew under its old name has its own times.
        if (!schedule.enabled || Date.parse(schedule.createdAt) <= seen) continue;
        const intervalMs = schedule.longestInterval() ?? 0;
        ledger.expectations.put({ tenantUid: uid, schedule: schedule.name, since: now, intervalMs });
      }
    }
  }

  /** Of a tenant that is gone, or of a schedule that was removed while another is there. */
  #isNeedless(
    { tenantUid, schedule }: Expectation,
    tenants: ReadonlyMap<string, TenantRecord>,
    schedules: SchedulesByTenant,
  ): boolean {
    const tenant = tenants.get(tenantUid);
    if (tenant === undefined) return true;
    const listed = schedules.get(tenant.id) ?? [];
    return !listed.some(({ name }) => name === schedule) && listed.some(({ enabled }) => enabled);
  }

  /** Those that back a tenant up, by tenant. */
  schedules(): SchedulesByTenant {
    const backups = this.#options.host.schedules
      .list()
      .filter(({ job, tenant }) => job === "backup" && tenant !== undefined);
    return groupBy(backups, ({ tenant = "" }) => tenant);
  }
}

function ageOf(newest: ArchiveRecord | undefined): string {
  if (newest === undefined) return "has no good backup";
  return `has had no good backup since ${new Date(newest.createdAt).toISOString()}`;
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
