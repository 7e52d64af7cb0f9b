import type { Worker } from "node:worker_threads";
import { BackupError, deserializeError, serializeError, toBackupError } from "../errors.js";
import { SqliteHelper } from "./sqlite/client.js";
import { subjectOf } from "./tenant-source.js";
import type { HelperRequest } from "./sqlite/protocol.js";
import type { FromReader, ReaderStart, ToReader } from "./threads/messages.js";
import { startThread } from "./threads/start-thread.js";

const ENTRY = new URL("./threads/reader-thread.js", import.meta.url);

export interface ReaderEvents {
  onMessage(message: Exclude<FromReader, { type: "helper" | "failed" }>): void;
  /** What the thread reports, or that it has died. */
  onFailed(error: BackupError): void;
}

/** The reader thread of one job together with the helper process that it asks about databases. */
export class ReaderThread {
  readonly #worker: Worker;
  readonly #helper: SqliteHelper;
  readonly #events: ReaderEvents;

  /** `entry`: the thread's program, for tests. */
  constructor(start: ReaderStart, events: ReaderEvents, entry = ENTRY) {
    const subject = subjectOf(start.source);
    this.#events = events;
    this.#helper = new SqliteHelper(start.source.directory, subject);
    this.#worker = startThread(entry, start);
    this.#worker.on("message", (message: FromReader) => {
      this.#receive(message);
    });
    // An exit follows every error.
    let reason = "";
    this.#worker.on("error", (error: Error) => {
      reason = `: ${error.message}`;
    });
    // After its last message the thread stays, because its port is open; so an exit is always too early.
    this.#worker.on("exit", (code) => {
      const message = `${subject}: the thread that reads it ended with exit code ${code}${reason}.`;
      events.onFailed(new BackupError("JOB_THREAD_FAILED", message));
    });
  }

  /** Starts the helper process, which the thread will need if it reads more than a few files. */
  prepareHelper(): void {
    this.#helper.prepare();
  }

  /** Lets the thread fill this buffer, of SEGMENT_BYTES. */
  giveBuffer(buffer: SharedArrayBuffer): void {
    this.#send({ type: "buffer", buffer });
  }

  /** Ends thread and helper process at once. */
  async stop(): Promise<void> {
    this.#helper.stop();
    this.#worker.removeAllListeners("exit");
    await this.#worker.terminate();
  }

  #receive(message: FromReader): void {
    if (message.type === "helper") void this.#ask(message);
    else if (message.type === "failed") this.#events.onFailed(deserializeError(message.error));
    else this.#events.onMessage(message);
  }

  async #ask(request: HelperRequest): Promise<void> {
    const { id } = request;
    try {
      this.#send({ type: "helper", id, answer: await this.#helper.call(request) });
    } catch (error) {
      const failure = toBackupError(error, "ask the helper process that copies databases");
      this.#send({ type: "helper-failed", id, error: serializeError(failure) });
    }
  }

  #send(message: ToReader): void {
    this.#worker.postMessage(message);
  }
}
