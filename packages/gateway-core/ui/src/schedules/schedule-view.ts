/** Schedules as the gateway's routes show them; see `schedule-view.ts` beside those. */
import type { Viewer } from "@openclaw/ui-kit";

export interface RunView {
  readonly at: string;
  readonly due?: string;
  /** `schedule`, `missed`, or who ran it by hand. */
  readonly by: string;
  /** `started`, `skipped`, `refused` or `failed`. */
  readonly outcome: string;
  readonly jobId?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly job?: {
    readonly state: string;
    readonly finishedAt?: string;
    readonly error?: { readonly code: string; readonly message: string };
  };
}

export interface ScheduleView {
  /** Absent: the gateway's. */
  readonly tenant?: string;
  readonly name: string;
  readonly schedule: string;
  readonly tz: string;
  readonly jitter?: string;
  readonly overlap: string;
  readonly missed: string;
  readonly grace: string;
  readonly enabled: boolean;
  readonly job: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly hash: string;
  readonly approved: boolean;
  readonly problem?: string;
  readonly nextRuns: readonly { readonly at: string; readonly words: string }[];
  readonly lastRun?: RunView;
}

/** Whose schedule it is and what it is called. */
export interface ScheduleKey {
  readonly tenant?: string | undefined;
  readonly name: string;
}

/** Where the schedules of the gateway, or of a tenant, stand. */
export function ownerRoute(viewer: Viewer, tenant: string | undefined): string {
  if (viewer.kind === "tenant") return "/api/tenant/cron";
  return tenant === undefined
    ? "/api/admin/gateway/cron"
    : `/api/admin/tenants/${encodeURIComponent(tenant)}/cron`;
}

export function scheduleRoute(viewer: Viewer, { tenant, name }: ScheduleKey): string {
  return `${ownerRoute(viewer, tenant)}/${encodeURIComponent(name)}`;
}

/** The place of one schedule: `gateway/nightly`, `tenants/acme/nightly`. */
export function schedulePlace({ tenant, name }: ScheduleKey): string {
  const owner = tenant === undefined ? "gateway" : `tenants/${encodeURIComponent(tenant)}`;
  return `${owner}/${encodeURIComponent(name)}`;
}

/** Undefined: the place of the list. */
export function scheduleAt(place: string): ScheduleKey | undefined {
  const [, tenant, name] = /^(?:gateway|tenants\/([^/]+))\/([^/]+)$/.exec(place) ?? [];
  if (name === undefined) return undefined;
  try {
    return {
      name: decodeURIComponent(name),
      ...(tenant === undefined ? {} : { tenant: decodeURIComponent(tenant) }),
    };
  } catch {
    return undefined;
  }
}
