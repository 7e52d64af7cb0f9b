/** How each tenant's backups do: what `/metrics`, `doctor` and `status` say of it. */
import type { ScheduleInfo, TenantRecord } from "@openclaw/gateway-core";
import type { AlertCondition } from "./ledger/alert-conditions.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Standing } from "./ledger/standings.js";
import type { Services } from "./services.js";
import type { JobRecord } from "./types.js";

/** Times in milliseconds since the epoch. */
export interface TenantHealth {
  readonly tenant: TenantRecord;
  /** How many there are that are not deleted, and their bytes. */
  readonly archives: number;
  readonly bytes: number;
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

/**
 * All tenants, worst first: overdue ones, then those whose last backup failed, then by the age of the newest good backup. Asks the
 * ledger a handful of times, however many tenants there are: `/metrics` and the control UI ask often.
 */
export function tenantHealth({ absence, alerts, host, ledger }: Services): readonly TenantHealth[] {
  const now = host.clock.now();
  const tenants = host.tenants.list();
  const newest = ledger.standings.newest();
  const standings = ledger.standings.all();
  const damaged = ledger.standings.damaged();
  const schedules = absence.schedules();
  const deadlines = absence.deadlines(newest, schedules);
  const conditions = alerts.conditions();
  const uids = tenants.map(({ uid }) => uid);
  const successes = ledger.jobs.lastOfEach(uids, "backup", "succeeded");
  const failures = ledger.jobs.lastOfEach(uids, "backup", "failed");
  const drills = ledger.jobs.lastOfEach(uids, "drill", "succeeded");
  return tenants
    .map((tenant): TenantHealth => {
      const { id, uid } = tenant;
      const { verifiedAt, archives, bytes } = standings.get(tenant) ?? NO_ARCHIVES;
      const deadline = deadlines.get(id)?.at;
      const lastSuccess = successes.get(uid);
      const lastFailure = failures.get(uid);
      const isCurrent = (lastFailure?.id ?? "") > (lastSuccess?.id ?? "");
      return {
        tenant,
        archives,
        bytes,
        isOverdue: deadline !== undefined && now > deadline,
        damaged: damaged.get(tenant) ?? [],
        conditions: conditions.filter(({ tenantUid }) => tenantUid === uid),
        schedules: schedules.get(id) ?? [],
        ...given({
          newest: newest.get(tenant),
          deadline,
          lastSuccess,
          lastFailure: isCurrent ? lastFailure : undefined,
          verifiedAt,
          lastDrill: drills.get(uid),
        }),
      };
    })
    .sort((a, b) => badness(b) - badness(a) || (a.newest?.createdAt ?? 0) - (b.newest?.createdAt ?? 0));
}

const NO_ARCHIVES: Standing = { archives: 0, bytes: 0 };

function badness({ isOverdue, lastFailure, damaged }: TenantHealth): number {
  return 4 * Number(isOverdue) + 2 * Number(lastFailure !== undefined) + Number(damaged.length > 0);
}

/** Without the keys whose value is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
