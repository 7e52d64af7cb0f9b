import { BackupError } from "../errors.js";
import { NO_TENANT, type JobSubmission, type JobType } from "./types.js";

/**
 * Whether a job waits for its tenant. A backup does: it is worth having later, too, and what removes archives looks at
 * them anew when its turn comes. What replaces a tenant must not come as a surprise after a while, so it starts at once
 * or is refused.
 */
const WAITS: Readonly<Record<JobType, boolean>> = {
  backup: true,
  restore: false,
  undo: false,
  prune: true,
  remove: true,
  rebuild: true,
  check: true,
  verify: true,
  drill: true,
  rekey: true,
  "gateway-backup": true,
  "gateway-prune": true,
};

/** Jobs that look at archives and leave the tenant's slot alone. */
const SHARES: readonly JobType[] = ["verify", "drill", "rekey"];

/** The lane that a job waits and runs in. `claims`: with the tenant's claim. No tenant's id has a space or a slash. */
export function laneOf({ tenant, type }: Pick<JobSubmission, "tenant" | "type">): {
  readonly name: string;
  readonly claims: boolean;
} {
  if (tenant === NO_TENANT) return { name: ` ${type}`, claims: false };
  return SHARES.includes(type) ? { name: `${tenant}/checks`, claims: false } : { name: tenant, claims: true };
}

/** What admission has to know of a job in the lane. */
export interface JobInLane {
  readonly id: string;
  readonly submission: Pick<JobSubmission, "type" | "joinKey">;
  readonly abort: { readonly signal: AbortSignal };
}

/**
 * The job in the lane that the submission joins, because both ask for the same; a job that is being cancelled is not
 * joined. Undefined: it is a job of its own, and may enter the lane. Throws `TENANT_BUSY` when it may not.
 */
export function admit<J extends JobInLane>(submission: JobSubmission, lane: readonly J[]): J | undefined {
  const { type, tenant, joinKey } = submission;
  const equal = lane.find(
    (job) =>
      joinKey !== undefined &&
      job.submission.type === type &&
      job.submission.joinKey === joinKey &&
      !job.abort.signal.aborted,
  );
  const [first] = lane;
  if (equal === undefined && first !== undefined && !WAITS[type]) throw tenantBusy(tenant, holder(first));
  return equal;
}

/** How a job is named to those who find its tenant taken. */
export function holder(job: JobInLane): string {
  return `job ${job.id} (${job.submission.type})`;
}

/** @param heldBy As {@link holder} gives it. */
export function tenantBusy(tenant: string, heldBy: string): BackupError {
  return new BackupError("TENANT_BUSY", `Tenant ${tenant} is taken by ${heldBy}.`, {
    details: { tenant, heldBy },
  });
}
