/** Whether a schedule may run, and with whose rights. */
import type { JobType } from "../plugin/host.js";
import type { Approvals } from "./approvals.js";
import { ownerText, type Owner } from "./owner.js";
import type { Schedule, Timing } from "./schedule.js";

export interface ScheduleWithTimes {
  readonly schedule: Schedule;
  readonly timing: Timing;
}

export type Right =
  /** `actor`: `admin`, or `tenant:<id>`. */
  | { readonly allowed: true; readonly actor: string }
  /** One sentence. */
  | { readonly allowed: false; readonly reason: string };

/**
 * The gateway's schedules are the admin's. A tenant's runs with an admin's rights where one has approved it as it stands
 * now, else with the tenant's own, else not at all.
 */
export function rightOf(
  owner: Owner,
  { schedule, timing }: ScheduleWithTimes,
  type: JobType,
  approvals: Approvals,
): Right {
  if (schedule.enabled && approvals.isOff(owner, schedule)) {
    const what = `Schedule ${schedule.name} of ${ownerText(owner)}`;
    return { allowed: false, reason: `${what} waits for an admin's approval: an admin has switched it off` };
  }
  if (owner.kind === "gateway" || approvals.has(owner, schedule)) return { allowed: true, actor: "admin" };
  const refusal = tenantRefusal(owner.id, { schedule, timing }, type);
  if (refusal === undefined) return { allowed: true, actor: `tenant:${owner.id}` };
  return {
    allowed: false,
    reason: `Schedule ${schedule.name} of ${ownerText(owner)} waits for an admin's approval: ${refusal}`,
  };
}

/** Why the tenant may not have this schedule by itself, as a clause; undefined: it may. */
export function tenantRefusal(
  tenant: string,
  { schedule: { parameters }, timing }: ScheduleWithTimes,
  type: JobType,
): string | undefined {
  if (timing.fields.seconds.length > 1) return "a tenant's schedule runs once a minute at most";
  if (type.tenantRefusal === undefined) return `a ${type.name} job is not for tenants to start`;
  return type.tenantRefusal({ tenant, parameters });
}
