/** What the tenant's page is made of, for an admin and for the tenant itself. */
import type { Query, UiHost } from "@openclaw/ui-kit";
import type { CatalogueArchive } from "../archive/archive-view.js";
import type { JobView } from "../jobs/job-view.js";
import type { Overview, TenantOverview } from "../overview/overview-data.js";

/** Times are RFC 3339. What a tenant does not see of its archives is absent. */
export interface Archive extends CatalogueArchive {
  readonly id: string;
  readonly signedBy?: string;
  readonly sentBytes?: number;
  readonly durationMs?: number;
}

export interface Schedule {
  readonly name: string;
  readonly schedule: string;
  readonly tz: string;
  readonly enabled: boolean;
  readonly job: string;
  readonly hash: string;
  readonly approved: boolean;
  readonly problem?: string;
  readonly nextRuns: readonly { readonly at: string; readonly words: string }[];
}

interface Quota {
  readonly limit?: number;
  readonly used: number;
}

export interface Allowance {
  readonly selfBackup: boolean;
  readonly selfRestore: boolean;
  readonly destinations: readonly string[];
  readonly quotas: {
    readonly backupsPerDay: Quota;
    readonly storedBytes: Quota;
    readonly concurrentJobs: Quota;
  };
}

export interface TenantData {
  readonly archives: readonly Archive[];
  readonly schedules: readonly Schedule[];
  readonly jobs: readonly JobView[];
  /** For an admin. */
  readonly health?: TenantOverview;
  readonly labels?: Readonly<Record<string, string>>;
  /** For the tenant itself. */
  readonly allowance?: Allowance;
}

const JOBS = 20;

/** Rejects with an `ApiError`. */
export async function loadTenant(host: UiHost, tenant: string, signal: AbortSignal): Promise<TenantData> {
  const get = <T>(path: string, query?: Query): Promise<T> => host.api.get<T>(path, query, signal);
  if (host.viewer.kind === "tenant") {
    const [{ archives }, { schedules }, { jobs }, allowance] = await Promise.all([
      get<{ archives: Archive[] }>("/api/tenant/backups"),
      get<{ schedules: Schedule[] }>("/api/tenant/cron"),
      get<{ jobs: JobView[] }>("/api/tenant/jobs", { limit: JOBS }),
      get<Allowance>("/api/tenant/backups/allowance"),
    ]);
    return { archives, schedules, jobs, allowance };
  }
  const path = `/api/admin/tenants/${encodeURIComponent(tenant)}`;
  const [{ archives }, { jobs }, { tenants }] = await Promise.all([
    get<{ archives: Archive[] }>(`${path}/backups`),
    get<{ jobs: JobView[] }>("/api/admin/jobs", { tenant, limit: JOBS }),
    get<Overview>("/api/admin/backups/overview", { tenant }),
  ]);
  const [health] = tenants;
  // Of a tenant that was deleted, its archives are left.
  if (health === undefined) return { archives, schedules: [], jobs };
  const [{ schedules }, { labels }] = await Promise.all([
    get<{ schedules: Schedule[] }>(`${path}/cron`),
    get<{ labels?: Record<string, string> }>(path),
  ]);
  return { archives, schedules, jobs, health, ...(labels === undefined ? {} : { labels }) };
}
