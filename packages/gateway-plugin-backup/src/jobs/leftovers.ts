import type { PluginLogger } from "@openclaw/gateway-core";
import { BackupError, toBackupError } from "../errors.js";
import type { Ledger } from "./ledger/ledger.js";
import type { LeftoverRecord } from "./ledger/leftovers.js";
import type { MultipartLeftover } from "../stores/store.js";
import { removeTree } from "./remove-tree.js";
import type { Timer } from "./timer.js";
import type { JobLeftover } from "./types.js";

export type UploadLeftover = Extract<JobLeftover, { kind: "upload" }>;

export type UnfinishedLeftover = UploadLeftover & { readonly leftover: MultipartLeftover };

/** Can another job take it over: go on with it, or, where it holds copies of an earlier archive, begin anew in its place? */
export function isUnfinished(leftover: JobLeftover): leftover is UnfinishedLeftover {
  return leftover.kind === "upload" && leftover.leftover.kind === "multipart";
}

export function isPartialFile(leftover: JobLeftover): boolean {
  return leftover.kind === "upload" && leftover.leftover.kind === "partial-file";
}

/** A store that does not answer must not hold up the end of a job for long; the leftover is tried again later. */
const TIMEOUT_MS = 30_000;

export interface LeftoverKeeperOptions {
  readonly ledger: Pick<Ledger, "leftovers">;
  readonly timer: Timer;
  readonly log: PluginLogger;
  /** Takes an unfinished upload away; resolves also when it is gone already, rejects with the reason when it cannot. */
  readonly discardUpload: (upload: UploadLeftover, signal: AbortSignal) => Promise<void>;
}

/** Takes away what jobs left behind. What cannot be taken away stays in the ledger, with the reason. */
export class LeftoverKeeper {
  readonly #options: LeftoverKeeperOptions;
  readonly #stopped = new AbortController();
  readonly #atWork = new Set<number>();

  constructor(options: LeftoverKeeperOptions) {
    this.#options = options;
  }

  /** Takes away what one job has left. Never rejects. */
  async discardOfJob(
    jobId: string,
    matches: (record: LeftoverRecord) => boolean = () => true,
  ): Promise<void> {
    await this.#discardAll(() => this.#options.ledger.leftovers.ofJob(jobId).filter(matches));
  }

  /**
   * Tries again what is left of jobs that have ended: at start, and from time to time.
   * Never rejects.
   */
  async retry(matches: (record: LeftoverRecord) => boolean): Promise<void> {
    await this.#discardAll(() => this.#options.ledger.leftovers.ofEndedJobs().filter(matches));
  }

  /** Gives up what is at work; the next start tries again. */
  stop(): void {
    this.#stopped.abort(new BackupError("SHUTTING_DOWN", "The gateway is stopping."));
  }

  async #discardAll(list: () => readonly LeftoverRecord[]): Promise<void> {
    try {
      for (const record of list()) {
        if (this.#stopped.signal.aborted) return;
        await this.#discard(record);
      }
    } catch (error) {
      const problem = toBackupError(error, "take away what jobs left behind").message;
      this.#options.log.error({ problem }, "Leftovers of jobs could not be looked after.");
    }
  }

  async #discard(record: LeftoverRecord): Promise<void> {
    if (this.#atWork.has(record.id)) return;
    this.#atWork.add(record.id);
    try {
      const failure = await this.#tryDiscard(record.leftover);
      if (failure === undefined) this.#options.ledger.leftovers.removeById(record.id);
      else this.#noteFailure(record, failure);
    } finally {
      this.#atWork.delete(record.id);
    }
  }

  async #tryDiscard(leftover: JobLeftover): Promise<BackupError | undefined> {
    try {
      await (leftover.kind === "directory" ? removeTree(leftover.path) : this.#discardUpload(leftover));
      return undefined;
    } catch (error) {
      return toBackupError(error, "take away what a job left behind");
    }
  }

  async #discardUpload(upload: UploadLeftover): Promise<void> {
    const timeout = new AbortController();
    const cancelTimer = this.#options.timer(TIMEOUT_MS, () => {
      timeout.abort(
        new BackupError("STORE_UNREACHABLE", `The store did not answer within ${TIMEOUT_MS / 1000} s.`),
      );
    });
    const signal = AbortSignal.any([timeout.signal, this.#stopped.signal]);
    try {
      await Promise.race([this.#options.discardUpload(upload, signal), rejectOnAbort(signal)]);
    } finally {
      cancelTimer();
    }
  }

  #noteFailure({ id, jobId }: LeftoverRecord, { code, message }: BackupError): void {
    this.#options.log.warn({ jobId, code, problem: message }, "A leftover of a job stays behind for now.");
    this.#options.ledger.leftovers.setProblem(id, message);
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => reject(toBackupError(signal.reason, "take away what a job left behind"));
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
