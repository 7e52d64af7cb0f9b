/**
 * The job threads, as the main thread sees them. A thread is kept for a while after its operation, because starting one
 * and loading an S3 client costs more than a small backup.
 */
import type { Transferable, Worker } from "node:worker_threads";
import { startThread } from "../../archive/threads/start-thread.js";
import { BackupError, deserializeError, toBackupError } from "../../errors.js";
import type { Leftover } from "../../stores/store.js";
import { isInterruption } from "../interruption.js";
import { systemTimer, type Timer } from "../timer.js";
import type { JobProgress } from "../types.js";
import type { CompletingArchive, FromThread, OperationName, Operations, ToThread } from "./protocol.js";

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
  /** Must have made the leftover durable when it returns. */
  readonly onLeftover?: (leftover: Leftover) => void;
  /** See `CreateOptions`. */
  readonly onGone?: (leftover: Leftover) => void;
  /** Must have made durable what it notes when it returns: the archive becomes visible then. */
  readonly onCompleting?: (archive: CompletingArchive) => void;
  /** What of the request is handed over to the thread. */
  readonly transfer?: readonly Transferable[];
}

/** How long an idle thread is kept. */
const IDLE_MS = 30_000;

/** How long an aborted operation may take to clean up (end an upload, stop its own threads) before it is terminated. */
const ABORT_GRACE_MS = 15_000;

const ENTRY = new URL("./job-thread.js", import.meta.url);

export class JobThreads {
  readonly #idle = new Map<Worker, () => void>();
  readonly #busy = new Set<Worker>();
  readonly #timer: Timer;
  readonly #entry: URL;
  #closed = false;
  /** Stays when it is idle. */
  #ready: { readonly worker: Worker; readonly forS3: boolean } | undefined;

  /** @param entry What the threads run; replaced in tests only, like the timer. */
  constructor(timer: Timer = systemTimer, entry: URL = ENTRY) {
    this.#timer = timer;
    this.#entry = entry;
  }

  /**
   * Runs one operation in a thread of its own. Rejects with a `BackupError`: the operation's, `JOB_CANCELLED` after an
   * abort, or `JOB_THREAD_FAILED` when the thread died.
   */
  async run<N extends OperationName>(
    operation: N,
    request: Operations[N]["request"],
    options: RunOptions,
  ): Promise<Operations[N]["result"]> {
    if (options.signal.aborted) throw new BackupError("JOB_CANCELLED", "The job was cancelled.");
    if (this.#closed) throw new BackupError("SHUTTING_DOWN", "The gateway is stopping.");
    const worker = this.#take();
    try {
      const { result, isSpent } = await converse(worker, { type: "run", operation, request } as ToThread, {
        ...options,
        timer: this.#timer,
      });
      if (isSpent) void this.#replace(worker);
      else this.#keep(worker);
      return result;
    } catch (error) {
      // A thread that failed may hold half-ended work; the next operation gets a fresh one.
      await this.#replace(worker);
      throw error;
    }
  }

  /**
   * From now on one thread stays: a single file of an archive is read in less time than a thread needs to start.
   *
   * @param forS3 Whether it loads at once what it takes to speak to S3.
   */
  keepOneReady(forS3: boolean): void {
    this.#ready = { worker: startThread(this.#entry), forS3 };
    if (forS3) this.#ready.worker.postMessage({ type: "prepare" } satisfies ToThread);
    this.#keep(this.#ready.worker);
  }

  /** Ends every thread at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ready = undefined;
    for (const cancelTimer of this.#idle.values()) cancelTimer();
    await Promise.all([...this.#idle.keys(), ...this.#busy].map((worker) => worker.terminate()));
    this.#idle.clear();
  }

  #take(): Worker {
    const kept = this.#idle.entries().next();
    let worker: Worker;
    if (kept.done === true) {
      worker = startThread(this.#entry);
    } else {
      const [idle, cancelTimer] = kept.value;
      cancelTimer();
      this.#idle.delete(idle);
      worker = idle;
      removeListeners(worker);
      worker.ref();
    }
    this.#busy.add(worker);
    return worker;
  }

  async #replace(worker: Worker): Promise<void> {
    // Busy until it has ended, so that `close` waits for it.
    await worker.terminate();
    this.#busy.delete(worker);
    if (worker === this.#ready?.worker) this.keepOneReady(this.#ready.forS3);
  }

  #keep(worker: Worker): void {
    this.#busy.delete(worker);
    const cancelTimer = this.#timer(IDLE_MS, () => {
      if (worker === this.#ready?.worker) return;
      this.#idle.delete(worker);
      void worker.terminate();
    });
    const forget = (): void => {
      cancelTimer();
      this.#idle.delete(worker);
    };
    worker.once("error", forget);
    worker.once("exit", forget);
    this.#idle.set(worker, cancelTimer);
    worker.unref();
  }
}

/** By name, because a worker listens to itself: without its own listeners it would pass no more messages on. */
function removeListeners(worker: Worker): void {
  for (const name of ["message", "error", "exit"]) worker.removeAllListeners(name);
}

function converse(
  worker: Worker,
  request: ToThread,
  options: RunOptions & { readonly timer: Timer },
): Promise<Extract<FromThread, { type: "done" }>> {
  return new Promise((resolve, reject) => {
    let cancelGrace = (): void => undefined;
    const settle = (act: () => void): void => {
      cancelGrace();
      options.signal.removeEventListener("abort", onAbort);
      removeListeners(worker);
      // An error event that nobody listens to would end the gateway.
      worker.on("error", () => undefined);
      act();
    };
    const record = (note: () => void): void => {
      try {
        note();
        worker.postMessage({ type: "recorded" } satisfies ToThread);
      } catch (error) {
        // Without the record a crash would leave the upload or the archive behind unseen: stop here.
        settle(() => reject(toBackupError(error, "record an upload in the ledger")));
      }
    };
    const onAbort = (): void => {
      worker.postMessage({ type: "abort", suspend: isInterruption(options.signal) } satisfies ToThread);
      cancelGrace = options.timer(ABORT_GRACE_MS, () => {
        settle(() =>
          reject(new BackupError("JOB_CANCELLED", "The job was cancelled and its thread ended by force.")),
        );
      });
    };
    options.signal.addEventListener("abort", onAbort, { once: true });
    worker.on("error", (error) => {
      settle(() => reject(new BackupError("JOB_THREAD_FAILED", `The job's thread failed: ${error.message}`)));
    });
    worker.on("exit", (code) => {
      settle(() => reject(new BackupError("JOB_THREAD_FAILED", `The job's thread ended with code ${code}.`)));
    });
    worker.on("message", (message: FromThread) => {
      switch (message.type) {
        case "progress":
          options.onProgress?.(message.progress);
          break;
        case "leftover":
          record(() => options.onLeftover?.(message.leftover));
          break;
        case "completing":
          record(() => options.onCompleting?.(message.archive));
          break;
        case "gone":
          options.onGone?.(message.leftover);
          break;
        case "done":
          settle(() => resolve(message));
          break;
        case "failed":
          settle(() => reject(deserializeError(message.error)));
          break;
      }
    });
    worker.postMessage(request, options.transfer ?? []);
  });
}
