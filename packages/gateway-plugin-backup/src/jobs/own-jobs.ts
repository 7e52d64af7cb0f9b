/** The jobs that tenants start by themselves: what they may ask for, and which they see. */
import { BackupError } from "../errors.js";
import { backupSubmission, type BackupRequest } from "./backup.js";
import { checkPlace, ownArchive } from "./own-archives.js";
import { restoreSubmission } from "./restore.js";
import type { Caller, Services } from "./services.js";
import {
  actorOf,
  checkBackupsPerDay,
  checkConcurrentJobs,
  checkStoredBytes,
  type OwnTenant,
} from "./tenant-quotas.js";
import { backupRefusal, rightsOf } from "./tenant-rights.js";
import type { JobRecord, JobSubmission } from "./types.js";
import { undoSubmission } from "./undo.js";

export type OwnBackupRequest = Pick<BackupRequest, "to" | "rehash" | "allowUnreadable" | "dryRun">;

export interface OwnRestoreRequest {
  /** Id of an archive of its own. */
  readonly archive: string;
  readonly dryRun?: boolean;
}

/**
 * A tenant's backup of itself. Throws `NOT_ALLOWED` for what it may not choose; starting it throws `TENANT_QUOTA_REACHED`.
 * It joins only backups that the tenant has started as well: others it could neither see nor cancel.
 */
export function ownBackupSubmission(
  services: Services,
  tenant: OwnTenant,
  request: OwnBackupRequest,
  trigger: Caller["trigger"],
): JobSubmission {
  const refusal = backupRefusal(services.config, tenant.id, request);
  if (refusal !== undefined) throw notAllowed(tenant, `this backup: ${refusal}`);
  const actor = actorOf(tenant);
  const submission = backupSubmission(services, { ...request, tenant: tenant.id }, { actor, trigger });
  const isStored = request.dryRun !== true;
  return {
    ...submission,
    joinKey: `${actor} ${String(submission.joinKey)}`,
    mayStart: () => {
      checkConcurrentJobs(services, tenant);
      if (!isStored) return;
      checkBackupsPerDay(services, tenant);
      checkStoredBytes(services, tenant);
    },
    run: (context) => {
      // Those before it in its lane may have filled the quota.
      if (isStored) checkStoredBytes(services, tenant);
      return submission.run(context);
    },
  };
}

/**
 * A tenant's restore of itself: in its own place, from an archive of its own, with token, quotas and labels as they are.
 * Rejects with `NOT_ALLOWED` where the admin does not have it so, `ARCHIVE_NOT_FOUND`, and what a restore rejects with.
 */
export async function ownRestoreSubmission(
  services: Services,
  tenant: OwnTenant,
  { archive, dryRun = false }: OwnRestoreRequest,
  trigger: Caller["trigger"],
): Promise<JobSubmission> {
  checkMayRestore(services, tenant);
  const own = ownArchive(services, tenant, archive);
  checkPlace(services, own);
  const { id: from } = own.record;
  const request = { from, force: true, ownUid: tenant.uid, ...(dryRun ? { dryRun } : {}) };
  const submission = await restoreSubmission(services, request, { actor: actorOf(tenant), trigger });
  if (submission.tenant !== tenant.id) {
    throw new BackupError("ARCHIVE_DAMAGED", `Archive ${from} does not hold tenant ${tenant.id} any more.`);
  }
  return { ...submission, mayStart: () => checkConcurrentJobs(services, tenant) };
}

/** Takes back a restore, or an undo, that the tenant itself has started. Throws as {@link ownRestoreSubmission} and {@link ownJob} do. */
export function ownUndoSubmission(
  services: Services,
  tenant: OwnTenant,
  jobId: string,
  trigger: Caller["trigger"],
): JobSubmission {
  checkMayRestore(services, tenant);
  const { id } = ownJob(services, tenant, jobId);
  const submission = undoSubmission(services, id, { actor: actorOf(tenant), trigger });
  return { ...submission, mayStart: () => checkConcurrentJobs(services, tenant) };
}

/** A job that the tenant has started. Throws `JOB_NOT_FOUND` for all others: the same words, whether they are there or not. */
export function ownJob({ engine }: Pick<Services, "engine">, tenant: OwnTenant, id: string): JobRecord {
  const job = engine.find(id);
  if (job?.tenant === tenant.id && job.tenantUid === tenant.uid && job.actor === actorOf(tenant)) return job;
  throw new BackupError("JOB_NOT_FOUND", `Tenant ${tenant.id} has started no job ${id}.`, {
    hint: "GET /api/tenant/jobs lists the jobs that a tenant has started.",
  });
}

/** Newest first. */
export function ownJobs(
  { engine }: Pick<Services, "engine">,
  tenant: OwnTenant,
  limit: number,
): readonly JobRecord[] {
  return engine.startedBy({ tenant: tenant.id, tenantUid: tenant.uid, actor: actorOf(tenant) }, limit);
}

function checkMayRestore({ config }: Services, tenant: OwnTenant): void {
  if (rightsOf(config, tenant.id).selfRestore) return;
  throw notAllowed(tenant, "restores: here, they are the admin's (plugins.backup.tenants.selfRestore)");
}

function notAllowed({ id }: OwnTenant, what: string): BackupError {
  return new BackupError("NOT_ALLOWED", `Tenant ${id} cannot have ${what}.`, {
    hint: "Ask the gateway's admin.",
  });
}
