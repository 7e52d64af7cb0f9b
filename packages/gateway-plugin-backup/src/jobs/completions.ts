/**
 * Settles what was completed but not recorded: archives that were about to become visible when the gateway died, or lost
 * sight of their store. Nothing that is there is lost, and nothing is listed that is not there.
 */
import { BackupError, serializeError, toBackupError } from "../errors.js";
import type { StoreSettings } from "../stores/settings.js";
import { isUnfinished } from "./leftovers.js";
import { identityOf, type ArchiveRecord, type NewArchive } from "./ledger/archives.js";
import type { Completion, CompletionRecord } from "./ledger/completions.js";
import type { Ledger } from "./ledger/ledger.js";
import { lockArchive, type LockOutcome, type LockServices } from "./lock-archive.js";
import type { Services } from "./services.js";
import type { SettleOutcome } from "./thread/protocol.js";

/** What settling needs of the {@link Services}. */
export interface SettlingServices extends Pick<Services, "archivesInUse" | "ledger" | "threads"> {
  readonly config: LockServices["config"];
  readonly destinations: Pick<Services["destinations"], "remembered">;
  readonly host: Pick<Services["host"], "clock" | "log">;
}

/**
 * What a store has received just before the gateway died it may still be carrying out. So long after, an archive that is not
 * there will not come any more.
 */
export const LATE_MS = 10_000;

/** Looks after every completion of an ended job; what cannot be found out now stays, with the reason. Never rejects. */
export async function settleCompletions(services: SettlingServices, signal: AbortSignal): Promise<void> {
  const { host, ledger } = services;
  try {
    for (const record of ledger.completions.ofEndedJobs()) {
      if (signal.aborted) return;
      await settleOrNote(services, record, signal);
    }
  } catch (error) {
    const problem = toBackupError(error, "settle what jobs have completed").message;
    host.log.error({ problem }, "Completed archives could not be looked after.");
  }
}

async function settleOrNote(
  services: SettlingServices,
  record: CompletionRecord,
  signal: AbortSignal,
): Promise<void> {
  const { host, ledger } = services;
  try {
    await settle(services, record, signal);
  } catch (error) {
    const { code, message } = toBackupError(error, `find out about ${record.archive.location}`);
    ledger.completions.setProblem(record.jobId, message);
    const { jobId } = record;
    host.log.warn({ jobId, code, problem: message }, "Whether a job's archive is there is not known yet.");
  }
}

async function settle(
  services: SettlingServices,
  record: CompletionRecord,
  signal: AbortSignal,
): Promise<void> {
  const { archive } = record;
  const settings = storeOf(services, record);
  const place = { settings, key: archive.key, location: archive.location };
  await services.archivesInUse.use(place, async () => {
    for (;;) {
      const before = newestId(services.ledger, record);
      const outcome = await find(services, record, settings, signal);
      // A job that has ended meanwhile may have put its archive there since the look: look again.
      if (newestId(services.ledger, record) !== before) continue;
      await noteOutcome(services, record, outcome, settings, signal);
      return;
    }
  });
}

function storeOf({ destinations }: SettlingServices, { store, archive }: CompletionRecord): StoreSettings {
  const settings = destinations.remembered(store, archive.key);
  if (settings !== undefined) return settings;
  throw new BackupError(
    "CREDENTIALS_MISSING",
    `Whether ${archive.location} is there cannot be found out: the gateway has no settings for its store any more.`,
    { hint: "Configure the store as a destination." },
  );
}

function find(
  { threads }: SettlingServices,
  { archive, mark, limits }: CompletionRecord,
  store: StoreSettings,
  signal: AbortSignal,
): Promise<SettleOutcome> {
  const { key, size } = archive;
  return threads.run("settle", { store, key, mark, size, ...identityOf(archive), limits }, { signal });
}

async function noteOutcome(
  services: SettlingServices,
  record: CompletionRecord,
  outcome: SettleOutcome,
  store: StoreSettings,
  signal: AbortSignal,
): Promise<void> {
  switch (outcome.found) {
    case "archive": {
      const archive = { ...record.archive, etag: outcome.etag };
      noteArchive(services, record, archive, await lockArchive(services, archive, store, signal));
      break;
    }
    case "damaged":
      noteDamage(services, record);
      break;
    case "nothing":
      if (mayStillCome(services, record)) services.ledger.completions.setProblem(record.jobId, undefined);
      else services.ledger.completions.remove(record.jobId);
      break;
  }
}

function noteArchive(
  { host, ledger }: SettlingServices,
  record: CompletionRecord,
  archive: NewArchive,
  { lock, warning }: LockOutcome,
): void {
  const { jobId } = record;
  const message = `The gateway could not note that ${archive.location} was stored; it was found to be there, and good.`;
  ledger.transaction(() => {
    ledger.archives.add(archive);
    if (lock !== undefined) ledger.archives.setLock(archive.id, lock);
    if (record.pinnedAt !== undefined) ledger.archives.setPinned(archive.id, record.pinnedAt);
    ledger.jobs.end({
      id: jobId,
      state: "succeeded",
      finishedAt: host.clock.now(),
      result: { ...record.result, etag: archive.etag },
      warnings: [
        ...record.warnings,
        ...(warning === undefined ? [] : [warning]),
        { code: "RECOVERED", message },
      ],
    });
    ledger.completions.remove(jobId);
  });
  host.log.warn({ jobId, location: archive.location }, "A job's archive was found to be there after all.");
}

function noteDamage({ host, ledger }: SettlingServices, record: CompletionRecord): void {
  const { jobId, archive } = record;
  const message = `${archive.location} was stored, but what the store gives back is not what was written. It was removed.`;
  ledger.transaction(() => {
    for (const { id } of archivesInPlaceOf(ledger, record)) ledger.archives.endRemoval(id);
    ledger.jobs.end({
      id: jobId,
      state: "failed",
      finishedAt: host.clock.now(),
      warnings: record.warnings,
      error: serializeError(new BackupError("STORE_FAILED", message)),
    });
    ledger.completions.remove(jobId);
  });
  host.log.error({ jobId, location: archive.location }, "A job's archive was damaged, and was removed.");
}

/** Is there something to look at again in {@link LATE_MS}? Not while a job has the upload: its end is looked after. */
export function awaitsItsStore({ ledger }: Pick<SettlingServices, "ledger">): boolean {
  const left = ledger.leftovers.ofEndedJobs();
  // A job that has ended takes its own away just now.
  const isEnding = (mark: string | undefined): boolean =>
    left.some(({ leftover }) => isUnfinished(leftover) && leftover.leftover.mark === mark);
  return ledger.completions
    .ofEndedJobs()
    .some(({ mark, problem }) => problem === undefined && (!hasUpload(ledger, mark) || isEnding(mark)));
}

function hasUpload(ledger: Ledger, mark: string | undefined): boolean {
  return mark !== undefined && ledger.leftovers.hasUpload(mark);
}

/** Can an archive that is not there appear yet? A file appears at once or never. */
function mayStillCome(
  { host, ledger }: SettlingServices,
  { store, mark, createdAt }: CompletionRecord,
): boolean {
  if (store.kind === "local") return false;
  return hasUpload(ledger, mark) || host.clock.now() - createdAt < LATE_MS;
}

/** What the catalogue lists at the place of an archive, newest first. */
export function archivesInPlaceOf(
  ledger: Pick<Ledger, "archives">,
  { archive }: Pick<Completion, "archive">,
): readonly ArchiveRecord[] {
  return ledger.archives
    .atLocation(archive.location)
    .filter(({ storeKind, endpoint }) => storeKind === archive.storeKind && endpoint === archive.endpoint);
}

function newestId(ledger: Ledger, record: CompletionRecord): string | undefined {
  return archivesInPlaceOf(ledger, record)[0]?.id;
}
