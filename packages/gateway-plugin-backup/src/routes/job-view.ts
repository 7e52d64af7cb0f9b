/** A job and an archive as the routes show them. */
import { deserializeError } from "../errors.js";
import type { ArchiveRecord } from "../jobs/ledger/archives.js";
import { NO_TENANT, type JobRecord } from "../jobs/types.js";
import type { ArchiveView, JobView } from "./schemas.js";

/** @param newToken A token that the job made; only its starter gets to see it, once. */
export function jobView(job: JobRecord, newToken?: string): JobView {
  const { result, error, log } = job;
  const shownResult = newToken === undefined ? result : { ...result, newToken };
  return {
    id: job.id,
    type: job.type,
    ...(job.tenant === NO_TENANT ? {} : { tenant: job.tenant }),
    trigger: job.trigger,
    actor: job.actor,
    state: job.state,
    createdAt: time(job.createdAt),
    ...(job.startedAt === undefined ? {} : { startedAt: time(job.startedAt) }),
    ...(job.finishedAt === undefined ? {} : { finishedAt: time(job.finishedAt) }),
    request: job.request,
    ...(job.progress === undefined ? {} : { progress: job.progress }),
    ...(shownResult === undefined ? {} : { result: shownResult }),
    warnings: [...job.warnings],
    ...(log === undefined ? {} : { log: log.map(({ at, ...line }) => ({ at: time(at), ...line })) }),
    ...(error === undefined ? {} : { error: { ...error, exitCode: deserializeError(error).exitCode } }),
  };
}

export function archiveView(archive: ArchiveRecord): ArchiveView {
  const { trash, lock } = archive;
  return {
    id: archive.id,
    tenant: archive.tenant,
    uid: archive.tenantUid,
    location: archive.location,
    size: archive.size,
    createdAt: time(archive.createdAt),
    state: shownState(archive),
    ...(archive.pinnedAt === undefined ? {} : { pinnedAt: time(archive.pinnedAt) }),
    ...(trash === undefined ? {} : { trash: { until: time(trash.until), jobId: trash.jobId } }),
    ...(lock === undefined ? {} : { lock: { mode: lock.mode, until: time(lock.until) } }),
    ...(archive.verifiedAt === undefined ? {} : { verifiedAt: time(archive.verifiedAt) }),
    ...damageView(archive),
    ...(archive.encryption === undefined ? {} : { encryption: archive.encryption }),
    ...(archive.signedBy === undefined ? {} : { signedBy: archive.signedBy }),
    jobId: archive.jobId,
    formatVersion: archive.formatVersion,
    ...(archive.baseId === undefined ? {} : { baseId: archive.baseId }),
    totals: { ...archive.totals },
  };
}

function damageView({ damagedAt, damage }: ArchiveRecord): Pick<ArchiveView, "damage"> {
  if (damagedAt === undefined || damage === undefined) return {};
  return { damage: { foundAt: time(damagedAt), code: damage.code, message: damage.message } };
}

function shownState({ state, lostAt, removingAt, trash }: ArchiveRecord): string {
  if (state === "deleted") return state;
  if (removingAt !== undefined) return "removing";
  if (trash !== undefined) return "trash";
  return lostAt === undefined ? state : "lost";
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
