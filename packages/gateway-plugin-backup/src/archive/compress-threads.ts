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

/** Threads that hash and compress segments; each takes the next one as soon as it is free. */
export class CompressThreads {
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Task>();
  readonly #waiting: Task[] = [];
  #failure: BackupError | undefined;

  /** @param subject The tenant, as it begins a message: `Tenant acme`. */
  constructor(count: number, start: CompressStart, subject: string) {
    for (let i = 0; i < count; i++) {
      const worker = startThread(ENTRY, start, { maxOldGenerationSizeMb: OLD_GENERATION_MB });
      worker.on("message", (output: FromCompressor) => {
        this.#finished(worker, output);
      });
      const died = (reason: string): void => {
        this.#fail(
          new BackupError("JOB_THREAD_FAILED", `${subject}: a compressing thread ended: ${reason}.`),
        );
      };
      worker.on("error", (error: Error) => {
        died(error.message);
      });
      worker.on("exit", (code) => {
        died(`exit code ${code}`);
      });
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  /** The buffers of the input are transferred, and come back with the result. */
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

  #assign(): void {
    if (this.#failure !== undefined) {
      for (const task of this.#waiting.splice(0)) task.reject(this.#failure);
      return;
    }
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop();
      const task = this.#waiting.shift();
      if (worker === undefined || task === undefined) return;
      this.#busy.set(worker, task);
      worker.postMessage(task.input, [task.input.buffer, task.input.output]);
    }
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
