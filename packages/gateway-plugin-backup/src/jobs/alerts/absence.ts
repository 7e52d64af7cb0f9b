/** Watches for silence: tenants, and the gateway, that have had no good backup for longer than they should. */
import type { PluginHost, ScheduleInfo, TenantRecord } from "@openclaw/gateway-core";
import picomatch from "picomatch";
import type { Expectation } from "../ledger/alert-expectations.js";
import type { ArchiveRecord } from "../ledger/archives.js";
import { newestGoodSet } from "../gateway/known-sets.js";
import type { Ledger } from "../ledger/ledger.js";
import type { ByTenant } from "../ledger/standings.js";
import { parseDuration } from "../retention/duration.js";
import { withinMs } from "../retention/policy.js";
import type { JobType } from "../types.js";
import type { Alerts } from "./alerts.js";
import { deadlineOf, type Deadline } from "./deadlines.js";
import type { AlertEvent } from "./event.js";
import type { AbsenceConfig } from "./schema.js";

const LOOK_EVERY_MS = 60_000;

/** Type of the job that backs the whole gateway up. */
const GATEWAY_BACKUP: JobType = "gateway-backup";

/** A gateway that was down first makes up for what it has missed. */
const START_GRACE_MS = 300_000;

/** By the tenant's id; one without any is not in it. */
export type SchedulesByTenant = ReadonlyMap<string, readonly ScheduleInfo[]>;

export interface AbsenceOptions {
  readonly host: Pick<PluginHost, "clock" | "schedules" | "tenants">;
  readonly ledger: Pick<Ledger, "archives" | "expectations" | "sets" | "standings">;
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
    const tell = (event: Pick<AlertEvent, "tenant" | "job">, found: Found): void => {
      const { whose, deadline, wasAbsent, newest } = found;
      if (deadline !== undefined && now > deadline.at) {
        const message = `${whose} ${ageOf(newest())}: ${deadline.because}.`;
        alerts.raise({ ...event, kind: "absence", message }, { isNew: false });
      } else if (wasAbsent) {
        const message = `${whose} has the backups again that it should have.`;
        alerts.raise({ ...event, kind: "recovered", message });
      }
    };
    const deadlines = this.deadlines();
    for (const { id, uid } of host.tenants.list()) {
      tell(
        { tenant: id, job: "backup" },
        {
          whose: `Tenant ${id}`,
          deadline: deadlines.get(id),
          wasAbsent: absent.has(uid),
          newest: () => ledger.archives.newest(id, uid),
        },
      );
    }
    const newest = newestGoodSet({ ledger });
    tell(
      { job: GATEWAY_BACKUP },
      {
        whose: "The gateway",
        deadline: this.gatewayDeadline(newest?.createdAt),
        wasAbsent: absent.has(undefined),
        newest: () => newest,
      },
    );
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

  /**
   * By when the next good backup of the whole gateway has to be there. Undefined: no schedule asks for one. One that is
   * disabled asks for nothing: the admin who did that is the one who would be told.
   *
   * @param lastGood When the newest good one was taken, in milliseconds since the epoch.
   */
  gatewayDeadline(lastGood: number | undefined): Deadline | undefined {
    const schedules = this.gatewaySchedules().filter(({ enabled }) => enabled);
    return deadlineOf({
      ...(lastGood === undefined ? {} : { lastGood }),
      createdAt: 0,
      schedules,
      expectations: schedules.map(({ name, createdAt }) => ({
        ...{ tenantUid: "", schedule: name },
        ...{ since: Date.parse(createdAt), intervalMs: 0 },
      })),
      graceMs: this.#graceMs,
    });
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

  /** Those that back the whole gateway up. */
  gatewaySchedules(): readonly ScheduleInfo[] {
    return this.#options.host.schedules
      .list()
      .filter(({ job, tenant }) => job === GATEWAY_BACKUP && tenant === undefined);
  }

  /** Those that back a tenant up, by tenant. */
  schedules(): SchedulesByTenant {
    const backups = this.#options.host.schedules
      .list()
      .filter(({ job, tenant }) => job === "backup" && tenant !== undefined);
    return groupBy(backups, ({ tenant = "" }) => tenant);
  }
}

/** What is known of one of those that are to be backed up. */
interface Found {
  readonly whose: string;
  readonly deadline: Deadline | undefined;
  /** It was told that it has no good backup. */
  readonly wasAbsent: boolean;
  readonly newest: () => { readonly createdAt: number } | undefined;
}

function ageOf(newest: { readonly createdAt: number } | undefined): string {
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
