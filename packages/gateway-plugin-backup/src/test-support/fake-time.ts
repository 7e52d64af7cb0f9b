import type { Clock } from "@openclaw/gateway-core";
import type { Timer } from "../jobs/timer.js";

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock and a timer that move only when a test says so. */
export class FakeTime implements Clock {
  #now: number;
  readonly #pending = new Set<Pending>();

  constructor(now = Date.UTC(2026, 2, 7)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  readonly timer: Timer = (delayMs, callback) => {
    const pending = { due: this.#now + delayMs, callback };
    this.#pending.add(pending);
    return () => void this.#pending.delete(pending);
  };

  /** Lets time pass; what falls due is called in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#pending].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = next.due;
      next.callback();
    }
    this.#now = end;
  }
}
