import type { Rates } from "./settings.js";
import { realClock, type Clock } from "./timing.js";

/** What is not used of so long a time may be used at once afterwards. */
const BURST_MS = 100;
/** Ten steps a second make a flow that nobody else on the line stumbles over. */
const STEPS_PER_SECOND = 10;
const LARGEST_STEP = 64 * 1024;

/** A token bucket: whoever takes bytes waits until the rate allows for them. Shared by all that have one line. */
export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** When all that was taken so far will have passed. */
  #freeAt: number;

  /** `bytesPerSecond` > 0. */
  constructor(bytesPerSecond: number, clock: Clock = realClock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
    this.#freeAt = clock.now();
  }

  /** Milliseconds that so many bytes take at least. */
  timeFor(bytes: number): number {
    return bytes / this.#bytesPerMs;
  }

  /** Resolves when the bytes may pass; in the order of the calls. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    this.#freeAt = Math.max(this.#freeAt, now - BURST_MS) + this.timeFor(bytes);
    if (this.#freeAt > now) await this.#clock.sleep(this.#freeAt - now, signal);
  }

  /** The bytes in small steps, each when it may pass. */
  async *steps(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const step = Math.max(
      1,
      Math.min(LARGEST_STEP, Math.floor((this.#bytesPerMs * 1000) / STEPS_PER_SECOND)),
    );
    for (let at = 0; at < bytes.length; at += step) {
      const chunk = bytes.subarray(at, at + step);
      await this.take(chunk.length);
      yield chunk;
    }
  }
}

/** The limits of one store, for all that is read and written through it. */
export interface RateLimits {
  readonly upload?: RateLimit;
  readonly download?: RateLimit;
}

export function rateLimits({ upload, download }: Rates = {}, clock?: Clock): RateLimits {
  return {
    ...(upload === undefined ? {} : { upload: new RateLimit(upload, clock) }),
    ...(download === undefined ? {} : { download: new RateLimit(download, clock) }),
  };
}
