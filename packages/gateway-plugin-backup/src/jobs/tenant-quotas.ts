/** The quotas of what tenants start by themselves; an admin's jobs are neither counted nor stopped. */
import { BackupError } from "../errors.js";
import type { Services } from "./services.js";
import { rightsOf, type TenantQuotas } from "./tenant-rights.js";
import type { JobWarning } from "./types.js";

/** A tenant that asks for something itself. */
export interface OwnTenant {
  readonly id: string;
  readonly uid: string;
}

/** What a tenant has used of its quotas. */
export type QuotaUse = Required<TenantQuotas>;

type Parts = Pick<Services, "config" | "ledger" | "host">;

const DAY_MS = 86_400_000;

/** How soon it is worth asking again when too many jobs wait or run, in seconds: most end within that. */
const RETRY_AFTER_JOBS_SECONDS = 30;

/** How the jobs that a tenant starts are signed. */
export function actorOf({ id }: OwnTenant): string {
  return `tenant:${id}`;
}

export function quotaUse({ ledger, host }: Parts, tenant: OwnTenant): QuotaUse {
  return {
    backupsPerDay: backupTimes({ ledger, host }, tenant).length,
    storedBytes: ledger.archives.storedBytes(tenant.id, tenant.uid),
    concurrentJobs: ledger.jobs.countOpenBy(startedBy(tenant)),
  };
}

/** Throws `TENANT_QUOTA_REACHED` where as many of the tenant's jobs wait or run as may. */
export function checkConcurrentJobs(services: Parts, tenant: OwnTenant): void {
  const { concurrentJobs: limit } = rightsOf(services.config, tenant.id).quotas;
  const used = services.ledger.jobs.countOpenBy(startedBy(tenant));
  if (used < limit) return;
  const text = `${used} jobs that it has started wait or run`;
  throw reached(tenant, { quota: "concurrentJobs", limit, used, text }, RETRY_AFTER_JOBS_SECONDS);
}

/** Throws `TENANT_QUOTA_REACHED` where the tenant has begun as many backups as it may in 24 hours. */
export function checkBackupsPerDay(services: Parts, tenant: OwnTenant): void {
  const { backupsPerDay: limit } = rightsOf(services.config, tenant.id).quotas;
  const times = backupTimes(services, tenant);
  const used = times.length;
  if (used < limit) return;
  const text = `it has started ${used} backups in 24 hours`;
  // As many as are too many, and one more, must have been a day ago.
  const decisive = times[used - limit];
  const wait = decisive === undefined ? undefined : decisive + DAY_MS - services.host.clock.now();
  throw reached(
    tenant,
    { quota: "backupsPerDay", limit, used, text },
    wait === undefined ? undefined : Math.max(1, Math.ceil(wait / 1000)),
  );
}

/** Throws `TENANT_QUOTA_REACHED` where the tenant's archives take as much as they may. */
export function checkStoredBytes(services: Parts, tenant: OwnTenant): void {
  const { storedBytes: limit } = rightsOf(services.config, tenant.id).quotas;
  const used = services.ledger.archives.storedBytes(tenant.id, tenant.uid);
  if (limit === undefined || used < limit) return;
  const text = `its archives take ${used} bytes, and that becomes less only when some are removed`;
  throw reached(tenant, { quota: "storedBytes", limit, used, text }, undefined);
}

/** Says of a backup, whoever has started it, that with it the tenant's archives take more than the tenant may fill. */
export function storedBytesWarning(
  services: Parts,
  tenant: OwnTenant,
  archiveBytes: number,
): JobWarning | undefined {
  const { storedBytes: limit } = rightsOf(services.config, tenant.id).quotas;
  const used = services.ledger.archives.storedBytes(tenant.id, tenant.uid) + archiveBytes;
  if (limit === undefined || used <= limit) return undefined;
  return {
    code: "TENANT_OVER_QUOTA",
    message:
      `The archives of tenant ${tenant.id} take ${used} bytes, more than its quota storedBytes of ${limit}: until some are ` +
      "removed, only an admin's backups of it begin.",
  };
}

function backupTimes({ ledger, host }: Pick<Parts, "ledger" | "host">, tenant: OwnTenant): number[] {
  return ledger.jobs.backupTimesBy(startedBy(tenant), host.clock.now() - DAY_MS);
}

function startedBy(tenant: OwnTenant) {
  return { tenant: tenant.id, tenantUid: tenant.uid, actor: actorOf(tenant) };
}

interface ReachedQuota {
  readonly quota: keyof TenantQuotas;
  readonly limit: number;
  readonly used: number;
  /** A clause. */
  readonly text: string;
}

/** @param retryAfterSeconds When it frees again; undefined: by no time that passes. */
function reached(
  { id: tenant }: OwnTenant,
  { quota, limit, used, text }: ReachedQuota,
  retryAfterSeconds: number | undefined,
): BackupError {
  const until = retryAfterSeconds === undefined ? "" : ` Try again in ${retryAfterSeconds} s.`;
  return new BackupError(
    "TENANT_QUOTA_REACHED",
    `Tenant ${tenant} has reached its quota ${quota} of ${limit}: ${text}.${until}`,
    {
      details: {
        tenant,
        quota,
        limit,
        used,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      },
    },
  );
}
