/** Writes of small files that nobody waits for: one after the other, each with what is to stand there by then. */
import type { PluginLogger } from "../plugin/host.js";
import { errorText } from "../system-error.js";

export class WriteQueue {
  readonly #log: PluginLogger;
  /** By file: what has not been begun yet. */
  readonly #waiting = new Set<string>();
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(log: PluginLogger) {
    this.#log = log;
  }

  /**
   * Calls `write` when its turn has come, once however often it is asked for until then. One write at a time leaves the
   * threads that all file calls share to the gateway's other work. A write that fails is logged.
   */
  add(file: string, write: () => Promise<void>): void {
    if (this.#closed || this.#waiting.has(file)) return;
    this.#waiting.add(file);
    this.#last = this.#last.then(async () => {
      this.#waiting.delete(file);
      await write().catch((error: unknown) => {
        this.#log.error({ file, error: errorText(error) }, "a file of schedules could not be written");
      });
    });
  }

  /** Resolves when everything that was asked for so far has been written. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** From when this resolves on, nothing is written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }
}
