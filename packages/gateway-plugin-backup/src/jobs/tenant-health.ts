/** How each tenant's backups do: what `/metrics`, `doctor` and `status` say of it. */
import type { ScheduleInfo, TenantRecord } from "@openclaw/gateway-core";
import type { AlertCondition } from "./ledger/alert-conditions.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { JobRecord } from "./types.js";

/** Times in milliseconds since the epoch. */
export interface TenantHealth {
  readonly tenant: TenantRecord;
  /** The newest good archive. */
  readonly newest?: ArchiveRecord;
  /** By when the next good one has to be there; absent: nothing asks for one. */
  readonly deadline?: number;
  readonly isOverdue: boolean;
  readonly lastSuccess?: JobRecord;
  /** Since then no backup has succeeded. */
  readonly lastFailure?: JobRecord;
  /** When an archive of it was last verified and found good. */
  readonly verifiedAt?: number;
  readonly lastDrill?: JobRecord;
  readonly damaged: readonly ArchiveRecord[];
  /** What is wrong with it, as people were told. */
  readonly conditions: readonly AlertCondition[];
  /** Those that back it up. */
  readonly schedules: readonly ScheduleInfo[];
}

/** All tenants, worst first: overdue ones, then those whose last backup failed, then by the age of the newest good backup. */
export function tenantHealth({ absence, alerts, host, ledger }: Services): readonly TenantHealth[] {
  const now = host.clock.now();
  const deadlines = absence.deadlines();
  const conditions = alerts.conditions();
  const schedules = host.schedules.list().filter(({ job }) => job === "backup");
  return host.tenants
    .list()
    .map((tenant): TenantHealth => {
      const { id, uid } = tenant;
      const archives = ledger.archives.ofTenant(id, uid);
      const deadline = deadlines.get(id)?.at;
      const lastSuccess = ledger.jobs.last(uid, "backup", "succeeded");
      const lastFailure = ledger.jobs.last(uid, "backup", "failed");
      const isCurrent = (lastFailure?.id ?? "") > (lastSuccess?.id ?? "");
      return {
        tenant,
        isOverdue: deadline !== undefined && now > deadline,
        damaged: archives.filter(({ state }) => state === "damaged"),
        conditions: conditions.filter(({ tenantUid }) => tenantUid === uid),
        schedules: schedules.filter((schedule) => schedule.tenant === id),
        ...given({
          newest: ledger.archives.newest(id, uid),
          deadline,
          lastSuccess,
          lastFailure: isCurrent ? lastFailure : undefined,
          verifiedAt: newestOf(
            archives.flatMap(({ state, verifiedAt }) => (state === "good" ? (verifiedAt ?? []) : [])),
          ),
          lastDrill: ledger.jobs.last(uid, "drill", "succeeded"),
        }),
      };
    })
    .sort((a, b) => badness(b) - badness(a) || (a.newest?.createdAt ?? 0) - (b.newest?.createdAt ?? 0));
}

function badness({ isOverdue, lastFailure, damaged }: TenantHealth): number {
  return 4 * Number(isOverdue) + 2 * Number(lastFailure !== undefined) + Number(damaged.length > 0);
}

function newestOf(times: readonly number[]): number | undefined {
  return [...times].sort((a, b) => b - a)[0];
}

/** Without the keys whose value is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
