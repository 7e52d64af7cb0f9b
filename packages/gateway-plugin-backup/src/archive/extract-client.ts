import type { Worker } from "node:worker_threads";
import { BackupError, deserializeError } from "../errors.js";
import type { ExtractionResult, ExtractionTask } from "./extraction.js";
import { startThread } from "./threads/start-thread.js";
import type { FromExtractThread, ToExtractThread } from "./threads/extract-messages.js";

/** Buffers that travel between the two threads: enough to keep both busy, and all the memory that the way takes. */
const BUFFERS = 6;
const BUFFER_BYTES = 1024 * 1024;

const ENTRY = new URL("./threads/extract-thread.js", import.meta.url);

export interface ExtractThreadProgress {
  readonly files: number;
  readonly contentBytes: number;
}

/**
 * The job's end of an extract thread. Stored bytes are copied into a fixed set of buffers, which are transferred to the
 * thread and come back: that bounds what is under way, whatever the source delivers, and never transfers memory that is
 * not ours (small reads of Node share pools).
 */
export class ExtractClient {
  readonly #worker: Worker;
  readonly #onProgress: (progress: ExtractThreadProgress) => void;
  readonly #free: ArrayBuffer[] = [];
  #made = 0;
  #filling: { readonly buffer: ArrayBuffer; length: number } | undefined;
  #failure: BackupError | undefined;
  #result: ExtractionResult | undefined;
  /** Wakes the job when something has changed. */
  #wake: () => void = () => undefined;

  /** `entry`: the thread's program, for tests. */
  constructor(task: ExtractionTask, onProgress: (progress: ExtractThreadProgress) => void, entry = ENTRY) {
    this.#onProgress = onProgress;
    this.#worker = startThread(entry, task);
    this.#worker.on("message", (message: FromExtractThread) => this.#receive(message));
    this.#worker.on("error", (error) => this.fail(threadFailed(task.subject, error.message, error)));
    this.#worker.on("exit", (status) => this.fail(threadFailed(task.subject, `it ended with ${status}`)));
  }

  /** Hands stored bytes over and resolves when there is room for more. Rejects with the thread's failure. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      this.#filling ??= { buffer: await this.#takeBuffer(), length: 0 };
      const { buffer, length } = this.#filling;
      const part = rest.subarray(0, BUFFER_BYTES - length);
      new Uint8Array(buffer).set(part, length);
      this.#filling.length += part.length;
      rest = rest.subarray(part.length);
      if (this.#filling.length === BUFFER_BYTES) this.#flush();
    }
  }

  /** After the last byte: resolves when everything is extracted. */
  async end(): Promise<ExtractionResult> {
    this.#flush();
    this.#send({ type: "end" });
    for (;;) {
      if (this.#result !== undefined) return this.#result;
      this.#throwFailure();
      await this.#change();
    }
  }

  /** Makes every call that waits, and every later one, reject with `reason`, unless the thread is done already. */
  fail(reason: BackupError): void {
    if (this.#result === undefined) this.#failure ??= reason;
    this.#wake();
  }

  /** Ends the thread, whatever it is doing, and resolves when it is gone. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: FromExtractThread): void {
    switch (message.type) {
      case "taken":
        this.#free.push(message.buffer);
        this.#onProgress(message);
        break;
      case "done":
        this.#result = message.result;
        break;
      case "failed":
        this.#failure ??= deserializeError(message.error);
    }
    this.#wake();
  }

  async #takeBuffer(): Promise<ArrayBuffer> {
    for (;;) {
      this.#throwFailure();
      const buffer = this.#free.pop();
      if (buffer !== undefined) return buffer;
      if (this.#made < BUFFERS) {
        this.#made++;
        return new ArrayBuffer(BUFFER_BYTES);
      }
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #flush(): void {
    if (this.#filling === undefined) return;
    const { buffer, length } = this.#filling;
    this.#filling = undefined;
    this.#send({ type: "chunk", buffer, length }, [buffer]);
  }

  #send(message: ToExtractThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

function threadFailed(subject: string, reason: string, cause?: unknown): BackupError {
  return new BackupError("JOB_THREAD_FAILED", `The thread that extracts ${subject} failed: ${reason}.`, {
    cause,
  });
}
