/** Whether the gateway answers. While it does not, asks it again and again. */

/** A restart takes a second or two. */
const INTERVAL_MS = 1500;

export class Connection {
  readonly #onChange: (reached: boolean) => void;
  #isReached = true;

  /** @param onChange Called when the gateway has gone, and when it is back. */
  constructor(onChange: (reached: boolean) => void) {
    this.#onChange = onChange;
  }

  /** What became of the last call. */
  tell(reached: boolean): void {
    if (reached === this.#isReached) return;
    this.#isReached = reached;
    this.#onChange(reached);
    if (!reached) this.#askLater();
  }

  #askLater(): void {
    setTimeout(() => void this.#ask(), INTERVAL_MS);
  }

  async #ask(): Promise<void> {
    if (this.#isReached) return;
    try {
      const { ok } = await fetch("/readyz", { cache: "no-store" });
      if (ok) this.tell(true);
      else this.#askLater();
    } catch {
      this.#askLater();
    }
  }
}
