/**
 * Going on with backups that a stop of the gateway has cut off. An unfinished upload is bound to its store and its key, so a
 * new job for the same tenant, with the same request, continues it under the same name: the tenant is archived anew, and
 * parts that have come out the same are not sent again. One that holds copies of an earlier archive cannot be continued:
 * the new job begins its own, and takes that one away at its end.
 *
 * Only what a stop has cut off is continued. Who cancels a job, or sees it fail, wants nothing of it later.
 */
import { toBackupError } from "../errors.js";
import type { BackupRequest, ResumedBackup } from "./backup.js";
import { addressOf } from "./destinations.js";
import { isUnfinished, type UnfinishedLeftover } from "./leftovers.js";
import type { LeftoverRecord } from "./ledger/leftovers.js";
import type { Services } from "./services.js";
import type { JobRecord, JobSubmission } from "./types.js";

/** Older parts are worth little: most of the tenant has changed, and a lifecycle rule may be about to remove them. */
const MAX_AGE_MS = 24 * 3_600_000;

/** A backup that keeps the gateway from staying up must not be begun for ever. */
const MAX_RESUMPTIONS = 3;

type UnfinishedRecord = Omit<LeftoverRecord, "leftover"> & { readonly leftover: UnfinishedLeftover };

export interface ResumingServices {
  readonly ledger: Services["ledger"];
  readonly host: Pick<Services["host"], "clock" | "log"> & {
    readonly tenants: { get(id: string): { readonly uid: string } | undefined };
  };
  readonly destinations: Pick<Services["destinations"], "target">;
  /** Starts a backup, which goes on with an upload if there is one, and returns its id. Throws what `JobEngine.submit` throws. */
  submit(
    submission: Omit<JobSubmission, "run">,
    request: BackupRequest,
    resumed: ResumedBackup | undefined,
  ): string;
}

/**
 * Starts a job for each unfinished upload that can be continued, and gives it the upload. Returns the ids of the leftovers
 * that cannot be continued now, but later: leave them alone.
 */
export function resumeUploads(services: ResumingServices): ReadonlySet<number> {
  const later = new Set<number>();
  // Of the uploads of one job, the last is the one that it was at.
  const uploads = services.ledger.leftovers
    .ofEndedJobs()
    .flatMap(({ leftover, ...record }) => (isUnfinished(leftover) ? [{ ...record, leftover }] : []));
  const lastOfJob = new Map(uploads.map((record) => [record.jobId, record]));
  for (const record of lastOfJob.values()) {
    try {
      if (resume(services, record) === "later") later.add(record.id);
    } catch (error) {
      const { code, message } = toBackupError(error, "go on with an interrupted backup");
      const { jobId } = record;
      services.host.log.warn({ jobId, code, problem: message }, "An interrupted backup is not continued.");
    }
  }
  return later;
}

function resume(services: ResumingServices, record: UnfinishedRecord): "resumed" | "later" | "no" {
  const { ledger, host } = services;
  const job = ledger.jobs.get(record.jobId);
  if (job === undefined || !isWorthResuming(services, record, job)) return "no";
  // Perhaps it is complete already, and the store has not said so yet.
  if (ledger.completions.get(job.id)?.problem !== undefined) return "later";
  // What a backup was asked for is what stands in the ledger, except for keys; where those came along, it is not resumed.
  const request = { ...job.request, tenant: job.tenant } as BackupRequest;
  const place = findPlace(services, record, request);
  if (place === undefined) return "no";
  const resumed = place.resume.resumable === false ? undefined : place;
  const { type, tenant, trigger, actor } = job;
  const submission = {
    type,
    tenant,
    trigger,
    actor,
    request: { ...job.request, resumes: job.id },
    record: (id: string) => ledger.leftovers.move(record.id, id),
  };
  try {
    const jobId = services.submit(submission, request, resumed);
    host.log.info({ jobId, resumes: job.id }, "An interrupted backup is continued.");
    return "resumed";
  } catch (error) {
    const { code } = toBackupError(error, "start a job");
    if (code === "TENANT_BUSY" || code === "SHUTTING_DOWN") return "later";
    throw error;
  }
}

function isWorthResuming(
  services: ResumingServices,
  { createdAt }: UnfinishedRecord,
  job: JobRecord,
): boolean {
  const { host } = services;
  return (
    job.type === "backup" &&
    job.state === "interrupted" &&
    host.clock.now() - createdAt < MAX_AGE_MS &&
    host.tenants.get(job.tenant)?.uid === job.tenantUid &&
    timesResumed(services, job) < MAX_RESUMPTIONS
  );
}

function timesResumed(services: ResumingServices, { request }: JobRecord): number {
  const { resumes } = request;
  const earlier = typeof resumes === "string" ? services.ledger.jobs.get(resumes) : undefined;
  return earlier === undefined ? 0 : 1 + timesResumed(services, earlier);
}

/** The place where the upload lies, if the same request still leads there; config may have changed. */
function findPlace(
  { destinations }: ResumingServices,
  { leftover }: UnfinishedRecord,
  { to, tenant, s3 }: BackupRequest,
): ResumedBackup | undefined {
  const { store, leftover: resume, namedAt } = leftover;
  if (namedAt === undefined || store.kind !== "s3" || store.requestKeys === true) return undefined;
  // A ledger of an older version does not know whose object it would become.
  if (resume.mark === undefined) return undefined;
  const target = destinations.target(to, tenant, namedAt, s3);
  const address = addressOf(target.settings);
  const isSame =
    address.kind === "s3" && address.bucket === store.bucket && address.endpoint === store.endpoint;
  return isSame && target.key === resume.key ? { target, namedAt, resume } : undefined;
}
