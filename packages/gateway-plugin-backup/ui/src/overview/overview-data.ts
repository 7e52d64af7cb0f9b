/** What `GET /api/admin/backups/overview` answers. */
import type { JobState } from "../jobs/job-view.js";

export type TenantState = "ok" | "overdue" | "failing" | "damaged" | "none";

/** Times are RFC 3339. */
export interface TenantOverview {
  readonly tenant: string;
  readonly state: TenantState;
  readonly lastBackup?: string;
  readonly size?: number;
  readonly lastFailure?: string;
  readonly failureCode?: string;
  readonly nextRun?: string;
  /** ok, none, disabled, or why it does not run. */
  readonly schedule: string;
  readonly verified?: string;
  readonly lastDrill?: string;
  /** Id of the newest good archive. */
  readonly archive?: string;
  readonly deadline?: string;
  readonly failedJob?: string;
  readonly damagedArchive?: string;
  readonly archives: number;
  readonly storedBytes: number;
  /** Percentages of the largest, oldest first. */
  readonly trend: readonly number[];
  readonly job?: OpenJob;
  /** Where one tenant was asked for. */
  readonly alerts?: readonly TenantAlert[];
}

/** What runs or waits. */
interface OpenJob {
  readonly id: string;
  readonly type: string;
  readonly state: JobState;
  readonly percent?: number;
}

/** The gateway as a whole. */
export type GatewayOverview = Pick<
  TenantOverview,
  "state" | "lastBackup" | "failureCode" | "failedJob" | "job"
>;

export interface TenantAlert {
  readonly kind: string;
  readonly message: string;
  readonly since: string;
  readonly count: number;
  readonly code?: string;
  readonly jobId?: string;
  readonly archive?: string;
}

export interface Overview {
  readonly now: string;
  readonly totals: {
    readonly tenants: number;
    readonly states: Readonly<Partial<Record<TenantState, number>>>;
    readonly archives: number;
    readonly storedBytes: number;
    readonly running: number;
    readonly queued: number;
  };
  readonly gateway: GatewayOverview;
  /** Worst first. */
  readonly tenants: readonly TenantOverview[];
}

/** An enabled schedule that does not run. */
export function isStuck({ schedule }: TenantOverview): boolean {
  return schedule !== "ok" && schedule !== "none" && schedule !== "disabled";
}

export function needsAttention(tenant: TenantOverview): boolean {
  return tenant.state !== "ok" || isStuck(tenant);
}
