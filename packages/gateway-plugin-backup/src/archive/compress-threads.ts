import type { Worker } from "node:worker_threads";
import { BackupError } from "../errors.js";
import type { CompressStart, FromCompressor, ToCompressor } from "./threads/messages.js";
import { startThread } from "./threads/start-thread.js";

const ENTRY = new URL("./threads/compress-thread.js", import.meta.url);

/** A compressing thread keeps nothing but its compressor, and that is not counted here. */
const OLD_GENERATION_MB = 64;

interface Task {
  readonly input: ToCompressor;
  resolve(output: FromCompressor): void;
  reject(error: Error): void;
}

/**
 * Threads that hash and compress segments; each takes the next one as soon as it is free. They start when there is work for
 * them, or when it is known to come: a small tenant, or one of which little has changed, never needs the second.
 */
export class CompressThreads {
  readonly #count: number;
  readonly #start: CompressStart;
  readonly #subject: string;
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Task>();
  readonly #waiting: Task[] = [];
  #failure: BackupError | undefined;

  /** @param subject The tenant, as it begins a message: `Tenant acme`. */
  constructor(count: number, start: CompressStart, subject: string) {
    this.#count = count;
    this.#start = start;
    this.#subject = subject;
  }

  /** How many there are. */
  get size(): number {
    return this.#workers.length;
  }

  /** Has as many threads started as so many segments will keep busy. */
  prepare(segments: number): void {
    while (this.#failure === undefined && this.#workers.length < segments) {
      const worker = this.#another();
      if (worker === undefined) return;
      this.#idle.push(worker);
    }
  }

  /** The memory of the input is the thread's until it comes back with the result. */
  compress(input: ToCompressor): Promise<FromCompressor> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      this.#assign();
    });
  }

  /** Ends all threads; what they were doing is rejected. */
  async stop(): Promise<void> {
    for (const worker of this.#workers) worker.removeAllListeners("exit");
    this.#fail(new BackupError("JOB_CANCELLED", "The compressing threads were stopped."));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** To be called whenever a thread or a task has come. */
  #assign(): void {
    if (this.#failure !== undefined) {
      for (const task of this.#waiting.splice(0)) task.reject(this.#failure);
      return;
    }
    const task = this.#waiting.at(0);
    const worker = task && (this.#idle.pop() ?? this.#another());
    if (task === undefined || worker === undefined) return;
    this.#waiting.shift();
    this.#busy.set(worker, task);
    worker.postMessage(task.input, [task.input.entries.buffer]);
  }

  /** Undefined when there are as many as there may be. */
  #another(): Worker | undefined {
    if (this.#workers.length === this.#count) return undefined;
    const worker = startThread(ENTRY, this.#start, { maxOldGenerationSizeMb: OLD_GENERATION_MB });
    worker.on("message", (output: FromCompressor) => {
      this.#finished(worker, output);
    });
    // An exit follows every error.
    let reason = "";
    worker.on("error", (error: Error) => {
      reason = `: ${error.message}`;
    });
    worker.on("exit", (code) => {
      const message = `${this.#subject}: a compressing thread ended with exit code ${code}${reason}.`;
      this.#fail(new BackupError("JOB_THREAD_FAILED", message));
    });
    this.#workers.push(worker);
    return worker;
  }

  #finished(worker: Worker, output: FromCompressor): void {
    const task = this.#busy.get(worker);
    this.#busy.delete(worker);
    this.#idle.push(worker);
    task?.resolve(output);
    this.#assign();
  }

  #fail(error: BackupError): void {
    this.#failure ??= error;
    for (const task of this.#busy.values()) task.reject(this.#failure);
    this.#busy.clear();
    this.#assign();
  }
}
