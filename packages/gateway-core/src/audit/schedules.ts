import type { HookEvents } from "../plugin/host.js";
import type { Hooks } from "../plugin/hook-bus.js";
import type { AuditLog } from "./audit-log.js";

/** Writes a line for each time that a schedule has come to. */
export function auditSchedules(hooks: Hooks, audit: Pick<AuditLog, "record">): void {
  hooks
    .forPlugin("gateway")
    .on("scheduleRun", ({ tenant, schedule, job, run }: HookEvents["scheduleRun"]) => {
      const { by, due, outcome, jobId, code } = run;
      const byHand = by !== "schedule" && by !== "missed";
      audit.record(
        {
          actor: byHand ? by : "schedule",
          action: "schedule.run",
          tenant,
          result: outcome,
          code,
          details: { schedule, type: job, job: jobId, due, ...(by === "missed" ? { missed: true } : {}) },
        },
        // A tenant's own schedules may come every second.
        tenant === undefined ? undefined : `schedules of ${tenant}`,
      );
    });
}
