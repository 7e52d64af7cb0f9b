/** The part of a backup that leaves something in a store, and keeps the ledger informed of what. */
import type { ArchiveLimits } from "../archive/format.js";
import { toBackupError, type BackupError } from "../errors.js";
import type { Leftover, MultipartLeftover } from "../stores/store.js";
import { addressOf, type ResolvedObject } from "./destinations.js";
import { isInterruption } from "./interruption.js";
import { archivesInPlaceOf } from "./completions.js";
import type { Completion } from "./ledger/completions.js";
import type { UploadLeftover } from "./leftovers.js";
import type { Services } from "./services.js";
import type { RunOptions } from "./thread/pool.js";
import type { BackupOperation, CompletingArchive } from "./thread/protocol.js";
import type { JobContext, JobLeftover, StoreAddress } from "./types.js";

export interface ArchiveUpload<T> {
  readonly target: ResolvedObject;
  /** The time that an automatic name tells. */
  readonly namedAt: number;
  /** The keys came with the request, and are not kept. */
  readonly requestKeys: boolean;
  /** False: the upload is not gone on with after a stop of the gateway, because what is written then has other bytes. */
  readonly isResumable: boolean;
  /** What the archive is written within. */
  readonly limits: ArchiveLimits;
  /** Has a job's thread write it. */
  readonly run: (place: Pick<BackupOperation, "store" | "key" | "resume">, options: RunOptions) => Promise<T>;
  /** An unfinished upload to the target, which the ledger knows as this job's leftover already. */
  readonly resume?: MultipartLeftover;
  /** What the ledger is to note if the next start finds the archive in its store; absent: nothing, it is not for the catalogue. */
  readonly describe?: (archive: CompletingArchive) => Pick<Completion, "archive" | "result" | "pinnedAt">;
  /** Is told of the archive just before it becomes visible, and makes durable what it notes: for what is a part of something. */
  readonly note?: (archive: CompletingArchive) => void;
}

/** Writes an archive into its store. Whatever becomes of it, the ledger knows what there is to take away or to settle. */
export async function uploadArchive<T>(
  services: Services,
  context: JobContext,
  upload: ArchiveUpload<T>,
): Promise<T> {
  const { target, limits, resume } = upload;
  const store = addressInLedger(upload);
  const records = new UploadLeftovers(context, {
    store,
    // Without a time nobody goes on with it.
    ...(upload.isResumable ? { namedAt: upload.namedAt } : {}),
  });
  if (resume !== undefined) records.add(resume);
  try {
    const outcome = await upload.run(
      {
        store: services.knownAbilities.apply(target.settings),
        key: target.key,
        ...(resume === undefined ? {} : { resume }),
      },
      {
        signal: context.signal,
        onProgress: (progress) => context.progress(progress),
        onLeftover: (leftover) => records.add(leftover),
        onGone: (leftover) => records.remove(leftover),
        onCompleting: (archive) => {
          upload.note?.(archive);
          if (upload.describe === undefined) return;
          const completion = {
            store,
            mark: archive.mark,
            limits,
            warnings: archive.warnings,
            ...upload.describe(archive),
          };
          const { ledger, host } = services;
          ledger.transaction(() => ledger.completions.put(context.jobId, completion, host.clock.now()));
        },
      },
    );
    records.removeEnded();
    return outcome;
  } catch (error) {
    noteWhatIsKnown(services, context, toBackupError(error, `store ${target.location}`));
    if (!isInterruption(context.signal)) await discardAll(services, target, records);
    throw error;
  }
}

function addressInLedger({ target, requestKeys }: ArchiveUpload<unknown>): StoreAddress {
  const address = addressOf(target.settings);
  return address.kind === "s3" && requestKeys ? { ...address, requestKeys } : address;
}

/** The leftovers of one upload, in the ledger and here. */
class UploadLeftovers {
  readonly #context: JobContext;
  readonly #place: Pick<UploadLeftover, "store" | "namedAt">;
  /** By what they say: a leftover that comes from a thread twice is two objects. */
  readonly #present = new Map<string, Leftover>();

  constructor(context: JobContext, place: Pick<UploadLeftover, "store" | "namedAt">) {
    this.#context = context;
    this.#place = place;
  }

  get present(): readonly Leftover[] {
    return [...this.#present.values()];
  }

  add(leftover: Leftover): void {
    this.#context.leftovers.add(this.#inLedger(leftover));
    this.#present.set(JSON.stringify(leftover), leftover);
  }

  remove(leftover: Leftover): void {
    this.#context.leftovers.remove(this.#inLedger(leftover));
    this.#present.delete(JSON.stringify(leftover));
  }

  /** After a success: the upload has become the archive. An upload whose id was never known has not. */
  removeEnded(): void {
    for (const leftover of this.present) {
      if (leftover.kind === "multipart" || leftover.kind === "partial-file") this.remove(leftover);
    }
  }

  #inLedger(leftover: Leftover): JobLeftover {
    return { kind: "upload", ...this.#place, leftover };
  }
}

/** Some failures say what has become of the archive that was about to be visible; nobody needs to find it out later. */
function noteWhatIsKnown({ ledger }: Services, { jobId }: JobContext, error: BackupError): void {
  const wasRemoved = error.details?.["removed"] === true;
  if (!wasRemoved && error.code !== "ARCHIVE_EXISTS") return;
  ledger.transaction(() => {
    const completion = ledger.completions.get(jobId);
    if (completion === undefined) return;
    ledger.completions.remove(jobId);
    // The archive that it had overwritten is gone, too.
    if (wasRemoved)
      for (const { id } of archivesInPlaceOf(ledger, completion)) ledger.archives.endRemoval(id);
  });
}

/**
 * The thread has ended its upload if it could; where it died, this does it from a fresh one. What cannot be ended now
 * stays in the ledger, and is tried again.
 */
async function discardAll(
  { threads }: Services,
  { settings: store }: ResolvedObject,
  records: UploadLeftovers,
): Promise<void> {
  const { signal } = new AbortController();
  for (const leftover of records.present) {
    const ended = await threads.run("discard", { store, leftover }, { signal }).then(
      () => true,
      () => false,
    );
    if (ended) records.remove(leftover);
  }
}
