/** What `/metrics` says about backups. Names and meanings are stable; docs/alerts.md lists them. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ScheduleInfo } from "@openclaw/gateway-core";
import { gatewayHealth, type GatewayHealth } from "./jobs/gateway/gateway-health.js";
import type { Services } from "./jobs/services.js";
import { tenantHealth, type TenantHealth } from "./jobs/tenant-health.js";
import type { JobRecord } from "./jobs/types.js";

/** Bounds of the duration buckets, in seconds: from a small tenant to a night. */
const DURATION_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/** Registers the plugin's metrics with the host. */
export function registerMetrics(services: Services): void {
  const registers = [services.host.metrics];
  countJobs(services, registers);
  countAlerts(services, registers);
  gaugeTenants(services, registers);
  gaugeGateway(services, registers);
  gaugeSchedules(services, registers);
}

function countJobs({ ledger, onEnded }: Services, registers: Registry[]): void {
  const ended = new Counter({
    name: "openclaw_backup_jobs_total",
    help: "Jobs that have ended, by type, final state and error code.",
    labelNames: ["type", "state", "code"],
    registers,
  });
  const duration = new Histogram({
    name: "openclaw_backup_job_duration_seconds",
    help: "Time from a job's start to its success.",
    labelNames: ["type"],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const bytes = new Counter({
    name: "openclaw_backup_bytes_total",
    help: "Bytes of backups that succeeded: read from tenants, sent to stores, stored there.",
    labelNames: ["direction"],
    registers,
  });
  onEnded((job) => {
    const { type, state, error } = job;
    ended.inc({ type, state, code: error?.code ?? "" });
    if (state !== "succeeded") return;
    const seconds = durationOf(job);
    if (seconds !== undefined) duration.observe({ type }, seconds);
    if (type !== "backup") return;
    for (const [direction, count] of Object.entries(bytesOf(job))) bytes.inc({ direction }, count);
  });
  new Gauge({
    name: "openclaw_backup_queue_length",
    help: "Jobs that wait or run.",
    registers,
    collect() {
      this.set(ledger.jobs.open().length);
    },
  });
}

function countAlerts({ alerts, channels, ledger, outbox }: Services, registers: Registry[]): void {
  const outcomes = {
    sent: new Counter({
      name: "openclaw_backup_alerts_sent_total",
      help: "Alerts that a channel has taken.",
      labelNames: ["channel"],
      registers,
    }),
    failed: new Counter({
      name: "openclaw_backup_alerts_failed_total",
      help: "Attempts to send an alert that failed; it is tried again.",
      labelNames: ["channel"],
      registers,
    }),
    dropped: new Counter({
      name: "openclaw_backup_alerts_dropped_total",
      help: "Alerts that were given up: too old, or too many.",
      labelNames: ["channel"],
      registers,
    }),
  };
  // A series that begins with its first failure hides that failure from rate().
  for (const { name: channel } of channels) {
    for (const counter of Object.values(outcomes)) counter.inc({ channel }, 0);
  }
  outbox.onOutcome((channel, outcome) => outcomes[outcome].inc({ channel }));
  alerts.onDropped((channel, count) => outcomes.dropped.inc({ channel }, count));
  new Gauge({
    name: "openclaw_backup_alerts_queued",
    help: "Alerts that a channel has not taken yet.",
    labelNames: ["channel"],
    registers,
    collect() {
      this.reset();
      const waiting = ledger.deliveries.waiting();
      for (const { name } of channels) this.set({ channel: name }, waiting.get(name) ?? 0);
    },
  });
}

interface TenantGauge {
  readonly name: string;
  readonly help: string;
  /** Undefined: no series for this tenant. */
  readonly read: (health: TenantHealth, now: number) => number | undefined;
}

const TENANT_GAUGES: readonly TenantGauge[] = [
  {
    name: "openclaw_backup_last_success_timestamp_seconds",
    help: "When the tenant's newest good backup was taken, in seconds since the epoch.",
    read: ({ newest }) => seconds(newest?.createdAt),
  },
  {
    name: "openclaw_backup_last_success_age_seconds",
    help: "Age of the tenant's newest good backup; of one that has none, the tenant's own.",
    read: ({ newest, tenant }, now) => seconds(now - (newest?.createdAt ?? Date.parse(tenant.createdAt))),
  },
  {
    name: "openclaw_backup_overdue",
    help: "1 while the tenant has had no good backup for longer than its schedule, or the config, allows; else 0.",
    read: ({ isOverdue }) => (isOverdue ? 1 : 0),
  },
  {
    name: "openclaw_backup_failing",
    help: "1 while the tenant's last backup has failed, else 0.",
    read: ({ lastFailure }) => (lastFailure === undefined ? 0 : 1),
  },
  {
    name: "openclaw_backup_last_duration_seconds",
    help: "How long the tenant's last backup that succeeded took.",
    read: ({ lastSuccess }) => (lastSuccess === undefined ? undefined : durationOf(lastSuccess)),
  },
  {
    name: "openclaw_backup_last_read_bytes",
    help: "What the tenant's last backup that succeeded read of its files.",
    read: ({ lastSuccess }) => lastSuccess && bytesOf(lastSuccess)["read"],
  },
  {
    name: "openclaw_backup_last_sent_bytes",
    help: "What the tenant's last backup that succeeded sent to its store.",
    read: ({ lastSuccess }) => lastSuccess && bytesOf(lastSuccess)["sent"],
  },
  {
    name: "openclaw_backup_last_stored_bytes",
    help: "Size of the archive that the tenant's last backup that succeeded made.",
    read: ({ lastSuccess }) => lastSuccess && bytesOf(lastSuccess)["stored"],
  },
  {
    name: "openclaw_backup_verified_age_seconds",
    help: "Time since an archive of the tenant was last verified and found good.",
    read: ({ verifiedAt }, now) => seconds(verifiedAt === undefined ? undefined : now - verifiedAt),
  },
  {
    name: "openclaw_backup_drill_age_seconds",
    help: "Time since the tenant's last drill that succeeded.",
    read: ({ lastDrill }, now) =>
      seconds(lastDrill?.finishedAt === undefined ? undefined : now - lastDrill.finishedAt),
  },
  {
    name: "openclaw_backup_drill_duration_seconds",
    help: "How long the tenant's last drill that succeeded took: what a restore would take.",
    read: ({ lastDrill }) => (lastDrill === undefined ? undefined : durationOf(lastDrill)),
  },
  {
    name: "openclaw_backup_damaged_archives",
    help: "Archives of the tenant that were found damaged.",
    read: ({ damaged }) => damaged.length,
  },
];

function gaugeTenants(services: Services, registers: Registry[]): void {
  gaugeAnew(TENANT_GAUGES, ["tenant"], registers, (set) => {
    const now = services.host.clock.now();
    for (const health of tenantHealth(services)) {
      set({ tenant: health.tenant.id }, ({ read }) => read(health, now));
    }
  });
}

interface GatewayGauge {
  readonly name: string;
  readonly help: string;
  /** Undefined: no series. */
  readonly read: (health: GatewayHealth, now: number) => number | undefined;
}

const GATEWAY_GAUGES: readonly GatewayGauge[] = [
  {
    name: "openclaw_backup_gateway_last_success_timestamp_seconds",
    help: "When the newest good backup of the whole gateway was taken, in seconds since the epoch.",
    read: ({ newest }) => seconds(newest?.createdAt),
  },
  {
    name: "openclaw_backup_gateway_last_success_age_seconds",
    help: "Age of the newest good backup of the whole gateway; none while there is none.",
    read: ({ newest }, now) => (newest === undefined ? undefined : seconds(now - newest.createdAt)),
  },
  {
    name: "openclaw_backup_gateway_overdue",
    help: "1 while the whole gateway has had no good backup for longer than its schedules allow; else 0.",
    read: ({ isOverdue }) => (isOverdue ? 1 : 0),
  },
  {
    name: "openclaw_backup_gateway_failing",
    help: "1 while the last backup of the whole gateway has failed, else 0.",
    read: ({ lastFailure }) => (lastFailure === undefined ? 0 : 1),
  },
  {
    name: "openclaw_backup_gateway_verified_age_seconds",
    help: "Time since a backup of the whole gateway was last verified and found good.",
    read: ({ verifiedAt }, now) => seconds(verifiedAt === undefined ? undefined : now - verifiedAt),
  },
];

function gaugeGateway(services: Services, registers: Registry[]): void {
  gaugeAnew(GATEWAY_GAUGES, [], registers, (set) => {
    const now = services.host.clock.now();
    const health = gatewayHealth(services);
    set({}, ({ read }) => read(health, now));
  });
}

interface ScheduleGauge {
  readonly name: string;
  readonly help: string;
  readonly read: (schedule: ScheduleInfo, now: number) => number | undefined;
}

const SCHEDULE_GAUGES: readonly ScheduleGauge[] = [
  {
    name: "openclaw_backup_schedule_enabled",
    help: "1 for a schedule that is enabled and may run, else 0.",
    read: ({ enabled, problem }) => (enabled && problem === undefined ? 1 : 0),
  },
  {
    name: "openclaw_backup_schedule_next_run_timestamp_seconds",
    help: "When the schedule runs next, in seconds since the epoch; none for one that does not run.",
    read: (schedule, now) =>
      schedule.enabled && schedule.problem === undefined ? seconds(schedule.nextRun(now)) : undefined,
  },
  {
    name: "openclaw_backup_schedule_missed_runs",
    help: "Of the schedule's last runs that are remembered: those that started no job, or started it late because the gateway was down.",
    read: ({ runs }) => runs.filter(({ outcome, by }) => outcome !== "started" || by === "missed").length,
  },
];

function gaugeSchedules({ host }: Services, registers: Registry[]): void {
  gaugeAnew(SCHEDULE_GAUGES, ["tenant", "schedule", "job"], registers, (set) => {
    const now = host.clock.now();
    for (const schedule of host.schedules.list()) {
      const { tenant = "", name, job } = schedule;
      set({ tenant, schedule: name, job }, ({ read }) => read(schedule, now));
    }
  });
}

/**
 * Gauges that are read anew, all at once, at each scrape: right after a restart and a restore, and without a series of what
 * is gone. The registry asks its metrics in the order in which they were made, so the first of them collects for all.
 */
function gaugeAnew<D extends { readonly name: string; readonly help: string }>(
  definitions: readonly D[],
  labelNames: string[],
  registers: Registry[],
  collectAll: (
    set: (labels: Record<string, string>, read: (definition: D) => number | undefined) => void,
  ) => void,
): void {
  const gauges = definitions.map((definition, i) => {
    const { name, help } = definition;
    const gauge = new Gauge({ name, help, labelNames, registers, ...(i === 0 ? { collect } : {}) });
    return { definition, gauge };
  });
  function collect(): void {
    for (const { gauge } of gauges) {
      gauge.reset();
      // One without labels begins at 0, which would be a value.
      if (labelNames.length === 0) gauge.remove();
    }
    collectAll((labels, read) => {
      for (const { gauge, definition } of gauges) {
        const value = read(definition);
        if (value !== undefined) gauge.set(labels, value);
      }
    });
  }
}

function durationOf({ startedAt, finishedAt }: JobRecord): number | undefined {
  return startedAt === undefined || finishedAt === undefined ? undefined : (finishedAt - startedAt) / 1000;
}

/** Of a backup: by what was done with them. */
function bytesOf({ result }: JobRecord): Readonly<Record<string, number>> {
  const { read, uploaded, stored } = (result?.["bytes"] ?? {}) as Readonly<
    Record<string, number | undefined>
  >;
  return { read: read ?? 0, sent: uploaded ?? 0, stored: stored ?? 0 };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
