import type { Clock } from "../plugin/host.js";

const MINUTE_MS = 60_000;

interface Window {
  readonly since: number;
  used: number;
  over: number;
}

/** What one caller did beyond its budget, in about a minute. */
export interface Surplus {
  readonly key: string;
  readonly lines: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * So many lines a minute for each key: who has no rights on the gateway must not be able to fill its disk, by being
 * refused again and again.
 */
export class LineBudget {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  readonly #ended: Surplus[] = [];

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** False: the line is counted, and is not to be written. */
  take(key: string): boolean {
    const now = this.#clock.now();
    let window = this.#windows.get(key);
    if (window !== undefined && hasEnded(window, now)) {
      this.#end(key, window);
      window = undefined;
    }
    if (window === undefined) {
      window = { since: now, used: 0, over: 0 };
      this.#windows.set(key, window);
    }
    if (window.used < this.#perMinute) {
      window.used += 1;
      return true;
    }
    window.over += 1;
    return false;
  }

  /** What was counted in minutes that are over (`all`: in the running one, too), once. */
  surplus(all = false): readonly Surplus[] {
    const now = this.#clock.now();
    for (const [key, window] of this.#windows) {
      if (all || hasEnded(window, now)) this.#end(key, window);
    }
    return this.#ended.splice(0);
  }

  #end(key: string, { over, since }: Window): void {
    this.#windows.delete(key);
    if (over > 0) this.#ended.push({ key, lines: over, since });
  }
}

/** A clock may be set back. */
function hasEnded({ since }: Window, now: number): boolean {
  return now - since >= MINUTE_MS || now < since;
}
