/** Whether the gateway answers. While it does not, asks it again and again. */

/** A restart takes a second or two. */
const AGAIN_MS = 1500;

/** Who only looks wants to know as well that what they see is old. */
const BEAT_MS = 10_000;

const TIMEOUT_MS = 5000;

export class Connection {
  readonly #onChange: (reached: boolean) => void;
  #isReached = true;
  #beat: ReturnType<typeof setInterval> | undefined;

  /** @param onChange Called when the gateway has gone, and when it is back. */
  constructor(onChange: (reached: boolean) => void) {
    this.#onChange = onChange;
  }

  /** Asks now and then, as long as somebody looks at the page. */
  watch(): void {
    this.unwatch();
    this.#beat = setInterval(() => {
      if (!document.hidden && this.#isReached) void this.#ask("/healthz");
    }, BEAT_MS);
  }

  unwatch(): void {
    clearInterval(this.#beat);
  }

  /** What became of the last call. */
  tell(reached: boolean): void {
    if (reached === this.#isReached) return;
    this.#isReached = reached;
    this.#onChange(reached);
    if (!reached) this.#askLater();
  }

  #askLater(): void {
    setTimeout(() => {
      if (this.#isReached) return;
      // It answers calls before it is ready for all of them.
      void this.#ask("/readyz").then(() => {
        if (!this.#isReached) this.#askLater();
      });
    }, AGAIN_MS);
  }

  async #ask(route: string): Promise<void> {
    try {
      const { ok } = await fetch(route, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (ok) this.tell(true);
    } catch {
      this.tell(false);
    }
  }
}
