import type { ReactiveController, ReactiveControllerHost } from "lit";

/** Calls `load` now and then while the element is shown and the page is looked at, one call at a time. */
export class Refresh implements ReactiveController {
  readonly #load: (signal: AbortSignal) => Promise<void>;
  readonly #everyMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  /** @param everyMs Asked after each call. */
  constructor(
    host: ReactiveControllerHost,
    load: (signal: AbortSignal) => Promise<void>,
    everyMs: () => number,
  ) {
    this.#load = load;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener("visibilitychange", this.#onVisible);
    // The element's properties are set by then.
    queueMicrotask(() => this.now());
  }

  hostDisconnected(): void {
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#stop();
  }

  /** Loads at once, in the place of a call that is under way. */
  now(): void {
    this.#stop();
    void this.#run();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    await this.#load(abort.signal);
    if (abort.signal.aborted) return;
    this.#timer = setTimeout(() => {
      if (!document.hidden) void this.#run();
    }, this.#everyMs());
  }

  readonly #onVisible = (): void => {
    if (!document.hidden) this.now();
  };
}
