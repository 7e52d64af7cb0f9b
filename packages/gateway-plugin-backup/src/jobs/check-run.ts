/** One check after the other, and what it means for the catalogue. */
import { BackupError, serializeError, toBackupError, type BackupErrorCode } from "../errors.js";
import type { CheckTarget } from "./check-targets.js";
import { noteDamage, noteGood } from "./damage.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { CheckKind } from "./ledger/checks.js";
import type { Services } from "./services.js";
import type { CheckedObject } from "./thread/protocol.js";
import { NO_TENANT, type JobContext, type JobOutcome, type JsonObject } from "./types.js";

/** What a check of one archive found, good or not. */
export interface CheckFound {
  readonly object: CheckedObject;
  /** More for the job's result. */
  readonly figures: JsonObject;
  /** What is wrong with what the archive holds, though it is as it was made. */
  readonly failure?: BackupError;
  readonly sampledTo?: string;
  readonly restoreMs?: number;
  /** Of the object's bytes, where all of them were read. */
  readonly objectSha256?: string;
}

export interface CheckRun {
  readonly kind: CheckKind;
  readonly tenant: string;
  /** Rejects for what is damaged, and for what could not be looked at. */
  check(target: CheckTarget, context: JobContext): Promise<CheckFound>;
}

type CheckServices = Pick<Services, "alerts" | "archivesInUse" | "ledger" | "host">;

/**
 * Of an archive that was stored here in good order, these say that it is not any more. What the limits of the config
 * refuse may be as good as ever.
 */
const DAMAGE: readonly BackupErrorCode[] = [
  "ARCHIVE_DAMAGED",
  "ARCHIVE_UNKNOWN_FORMAT",
  "ARCHIVE_ENCRYPTED",
  "ARCHIVE_TOO_NEW",
  "UNSAFE_ENTRY",
];

export function isDamage({ code }: BackupError): boolean {
  return DAMAGE.includes(code);
}

/** Of one that was stored encrypted, that it is says nothing: only that no key was given. */
function isDamageOf({ known }: CheckTarget, failure: BackupError): boolean {
  return isDamage(failure) && !(failure.code === "ARCHIVE_ENCRYPTED" && known?.encryption !== undefined);
}

/**
 * Checks archives in turn. What is damaged is marked at once, and the job goes on with the next. Rejects in the end with the
 * first damage found, else with the first reason why one could not be looked at; `details.archives` then has all of them.
 */
export async function checkAll(
  services: CheckServices,
  run: CheckRun,
  targets: readonly CheckTarget[],
  context: JobContext,
): Promise<JobOutcome> {
  const startedAt = services.host.clock.now();
  const archives: JsonObject[] = [];
  const failures: BackupError[] = [];
  let bytesRead = 0;
  for (const target of targets) {
    const of = targets.length === 1 ? "" : `${archives.length + 1} of ${targets.length}: `;
    const announced: JobContext = {
      ...context,
      progress: (progress) => context.progress({ ...progress, message: of + target.source.location }),
    };
    const { view, failure, bytes } = await checkOne(services, run, target, announced);
    archives.push(view);
    bytesRead += bytes;
    const isMissed = view["outcome"] !== "removed" || targets.length === 1;
    if (failure === undefined || !isMissed) continue;
    failures.push(failure);
    if (targets.length > 1) context.warn({ code: failure.code, message: failure.message });
  }
  const durationMs = services.host.clock.now() - startedAt;
  if (failures.length > 0) throw worst(run, failures, archives);
  return { result: { level: run.kind, archives, bytesRead, durationMs } };
}

interface OneChecked {
  readonly view: JsonObject;
  readonly bytes: number;
  readonly failure?: BackupError;
}

async function checkOne(
  services: CheckServices,
  run: CheckRun,
  target: CheckTarget,
  context: JobContext,
): Promise<OneChecked> {
  const { archivesInUse, ledger, host } = services;
  const { source, known } = target;
  const startedAt = host.clock.now();
  const facts = { ...(known && { archiveId: known.id }), location: source.location };
  const noted = { archiveId: known?.id ?? "", kind: run.kind, jobId: context.jobId } as const;
  try {
    const found = await archivesInUse.use(source, () => confirmed(run, target, context));
    const { object, figures, failure, objectSha256, restoreMs, sampledTo } = found;
    const at = host.clock.now();
    const durationMs = at - startedAt;
    if (known !== undefined)
      ledger.transaction(() => {
        if (objectSha256 !== undefined) noteGood(services, known, { at, etag: object.etag, objectSha256 });
        else if (known.lostAt !== undefined) ledger.archives.setLost(known.id, undefined);
        ledger.checks.note({
          ...noted,
          outcome: failure === undefined ? "good" : "failed",
          checkedAt: at,
          durationMs,
          bytesRead: object.bytesRead,
          ...(restoreMs === undefined ? {} : { restoreMs }),
          ...(sampledTo === undefined ? {} : { sampledTo }),
          ...(failure === undefined ? {} : { problem: serializeError(failure) }),
        });
      });
    if (objectSha256 === undefined) warnOfOtherObject(target, object, context);
    const outcome = failure === undefined ? "good" : "failed";
    const view = { ...facts, outcome, ...object, ...figures, durationMs };
    return { view, bytes: object.bytesRead, ...(failure === undefined ? {} : { failure }) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (known !== undefined && isGone(ledger.archives.get(known.id))) return gone(facts);
    const failure = toBackupError(error, `check ${source.location}`);
    const outcome = isDamageOf(target, failure)
      ? "damaged"
      : failure.code === "ARCHIVE_NOT_FOUND"
        ? "lost"
        : "unknown";
    if (known !== undefined && outcome !== "unknown") {
      const checkedAt = host.clock.now();
      const problem = serializeError(failure);
      const isElsewhere = outcome === "lost" || failure.details?.["replaced"] === true;
      ledger.transaction(() => {
        if (isElsewhere) ledger.archives.setLost(known.id, checkedAt);
        else noteDamage(services, known, checkedAt, problem);
        if (outcome === "lost") return;
        const durationMs = checkedAt - startedAt;
        ledger.checks.note({ ...noted, outcome, checkedAt, durationMs, bytesRead: 0, problem });
      });
    }
    context.log.warn(
      { location: source.location, code: failure.code, problem: failure.message },
      "A check failed.",
    );
    const view = { ...facts, outcome, code: failure.code, message: failure.message };
    return { view, bytes: 0, failure };
  }
}

function isGone(record: ArchiveRecord | undefined): boolean {
  return record?.state === "deleted" || record?.removingAt !== undefined;
}

/** It was removed, or overwritten by a newer archive, while it was its turn: nobody misses it. */
function gone(facts: { readonly location: string }): OneChecked {
  const message = `${facts.location} was removed, or overwritten, while it was to be checked.`;
  return {
    view: { ...facts, outcome: "removed", message },
    bytes: 0,
    failure: new BackupError("ARCHIVE_NOT_FOUND", message),
  };
}

/** What was altered on its way here is good in the store, and must not be given up: damage counts when it is found twice. */
async function confirmed(run: CheckRun, target: CheckTarget, context: JobContext): Promise<CheckFound> {
  try {
    return await run.check(target, context);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof BackupError) || !isDamageOf(target, error)) throw error;
    const found = await run.check(target, context);
    context.warn({
      code: "READ_TWICE",
      message: `${target.source.location} looked damaged when it was first read, and good when it was read again: ${error.message}`,
    });
    return found;
  }
}

/** Its bytes were not all looked at, and it is not the object that the catalogue has seen. */
function warnOfOtherObject(
  { source, known }: CheckTarget,
  { etag }: CheckedObject,
  context: JobContext,
): void {
  if (known === undefined || known.etag === etag) return;
  context.warn({
    code: "WRITTEN_ANEW",
    message: `${source.location} was written anew since the backup: its ETag is another. A full verification tells whether it is the same.`,
  });
}

function worst(
  { kind, tenant }: CheckRun,
  failures: readonly BackupError[],
  archives: readonly JsonObject[],
): BackupError {
  const rank = (error: BackupError): number => 2 * Number(isDamage(error)) + Number(error.exitCode === 7);
  const [first, ...others] = [...failures].sort((a, b) => rank(b) - rank(a));
  /* c8 ignore next -- it is called with at least one */
  if (first === undefined) throw new Error("Nothing failed.");
  const more =
    others.length === 0
      ? ""
      : ` And ${others.length} more of ${archives.length} archives of ${tenant === NO_TENANT ? "the gateway" : `tenant ${tenant}`}.`;
  return new BackupError(first.code, first.message + more, {
    ...serializeError(first),
    details: { ...first.details, level: kind, archives },
    cause: first,
  });
}
