import { Task } from "@lit/task";
import type { ReactiveController, ReactiveControllerHost } from "lit";

export interface LoadedOptions<T> {
  readonly load: (signal: AbortSignal) => Promise<T>;
  /** How often what is shown is asked for again, while somebody looks. */
  readonly everyMs?: number;
}

/** What an element shows of the gateway. The last answer stays while the next one is waited for, and when it fails. */
export class Loaded<T> implements ReactiveController {
  value: T | undefined;
  error: unknown;
  readonly #task: Task<[], T>;
  readonly #everyMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(host: ReactiveControllerHost, { load, everyMs }: LoadedOptions<T>) {
    host.addController(this);
    this.#everyMs = everyMs;
    this.#task = new Task(host, {
      autoRun: false,
      args: () => [],
      task: (_args, { signal }) => load(signal),
      onComplete: (value) => {
        this.value = value;
        this.error = undefined;
      },
      onError: (error) => {
        this.error = error;
      },
    });
  }

  hostConnected(): void {
    // The element's properties are set when its first update has begun.
    queueMicrotask(() => void this.reload());
    if (this.#everyMs === undefined) return;
    this.#timer = setInterval(() => {
      if (!document.hidden) void this.reload();
    }, this.#everyMs);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
    this.#task.abort();
  }

  /** Never rejects: see {@link error}. */
  async reload(): Promise<void> {
    await this.#task.run().catch(() => undefined);
  }
}
