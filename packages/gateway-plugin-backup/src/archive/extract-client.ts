import { MessageChannel, type Worker } from "node:worker_threads";
import { BackupError, deserializeError } from "../errors.js";
import type { ExtractionResult, ExtractionTask } from "./extraction.js";
import type { TreeRoute } from "./routed-tree.js";
import { startThread } from "./threads/start-thread.js";
import type { ExtractStart, FromExtractThread, ToExtractThread } from "./threads/extract-messages.js";
import type { WriteLink, WriteStart } from "./threads/write-messages.js";

/** Buffers that travel between the two threads: enough to keep both busy, and all the memory that the way takes. */
const BUFFERS = 6;
const BUFFER_BYTES = 1024 * 1024;

const PROGRAMS = {
  extract: new URL("./threads/extract-thread.js", import.meta.url),
  write: new URL("./threads/write-thread.js", import.meta.url),
};

export interface ExtractThreadProgress {
  readonly files: number;
  readonly contentBytes: number;
}

export interface ExtractClientOptions {
  readonly task: ExtractionTask;
  /** Existing, empty directory that becomes the tenant's; undefined: everything is checked and nothing written. */
  readonly into: string | undefined;
  /** Directories of the tree that are written elsewhere. */
  readonly routes?: readonly TreeRoute[];
  readonly onProgress: (progress: ExtractThreadProgress) => void;
}

/**
 * The job's end of an extract thread, which unpacks and checks, and of the thread beside it that writes what has been
 * checked. Stored bytes are copied into a fixed set of buffers, which are transferred to the first thread and come back:
 * that bounds what is under way, whatever the source delivers, and never transfers memory that is not ours (small reads of
 * Node share pools).
 */
export class ExtractClient {
  readonly #subject: string;
  readonly #extractor: Worker;
  readonly #writer: Worker | undefined;
  readonly #onProgress: (progress: ExtractThreadProgress) => void;
  readonly #free: ArrayBuffer[] = [];
  #made = 0;
  #filling: { readonly buffer: ArrayBuffer; length: number } | undefined;
  #failure: BackupError | undefined;
  #result: ExtractionResult | undefined;
  /** Wakes the job when something has changed. */
  #wake: () => void = () => undefined;

  /** `programs`: those of the threads, for tests. */
  constructor({ task, into, routes, onProgress }: ExtractClientOptions, programs = PROGRAMS) {
    this.#subject = task.subject;
    this.#onProgress = onProgress;
    const link = into === undefined ? undefined : linkTo(into, routes ?? []);
    this.#writer = link && this.#start(programs.write, link.start);
    // It ends when the extract thread lets go of it; that one tells what came out.
    this.#writer?.on("exit", (status) => {
      if (status !== 0) this.#threadFailed(`the thread that writes ended with ${status}`);
    });
    this.#extractor = this.#start(programs.extract, { task, writer: link?.writer });
    this.#extractor.on("message", (message: FromExtractThread) => this.#receive(message));
    this.#extractor.on("exit", (status) => this.#threadFailed(`it ended with ${status}`));
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

  /** Ends the threads, whatever they are doing, and resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all([this.#extractor.terminate(), this.#writer?.terminate()]);
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
    this.#extractor.postMessage(message, transfer);
  }

  #start(program: URL, start: ExtractStart | WriteStart): Worker {
    const writer = "into" in start ? start : start.writer;
    const worker = startThread(program, start, {}, writer && [writer.port]);
    return worker.on("error", (error) => this.#threadFailed(error.message, error));
  }

  #threadFailed(reason: string, cause?: unknown): void {
    const message = `The thread that extracts ${this.#subject} failed: ${reason}.`;
    this.fail(new BackupError("JOB_THREAD_FAILED", message, { cause }));
  }
}

/** What the two ends of a way from an extract thread to the one that writes are given. */
function linkTo(
  into: string,
  routes: readonly TreeRoute[],
): { readonly start: WriteStart; readonly writer: WriteLink } {
  const { port1, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return { start: { into, routes, port: port2, replies }, writer: { port: port1, replies } };
}
