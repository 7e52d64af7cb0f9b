/** What `/metrics` says about backups. Names and meanings are stable. */
import { Counter, Gauge, Histogram } from "prom-client";
import type { Services } from "./jobs/services.js";

/** Bounds of the duration buckets, in seconds: from a small tenant to a night. */
const DURATION_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/** Registers the plugin's metrics with the host. */
export function registerMetrics({ host, ledger, onEnded }: Services): void {
  const registers = [host.metrics];
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
  onEnded(({ type, state, error, startedAt, finishedAt }) => {
    ended.inc({ type, state, code: error?.code ?? "" });
    if (state !== "succeeded" || startedAt === undefined || finishedAt === undefined) return;
    duration.observe({ type }, (finishedAt - startedAt) / 1000);
  });
  new Gauge({
    name: "openclaw_backup_last_success_timestamp_seconds",
    help: "When the tenant's newest good backup was taken, in seconds since the epoch.",
    labelNames: ["tenant"],
    registers,
    collect() {
      // Read anew each time, so that it is right after a restart, a restore and a tenant's deletion.
      this.reset();
      for (const { id, uid } of host.tenants.list()) {
        const newest = ledger.archives.newest(id, uid);
        if (newest !== undefined) this.set({ tenant: id }, newest.createdAt / 1000);
      }
    },
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
