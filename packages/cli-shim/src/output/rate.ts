/**
 * Rate of a running job and the time that is left, from the byte counts of its progress. An exponential moving average
 * with a time constant of a few seconds: steady enough to be read, quick enough to follow a store that slows down.
 */
const TIME_CONSTANT_MS = 5000;

export class RateMeter {
  #lastTime: number | undefined;
  #lastBytes = 0;
  #bytesPerMs: number | undefined;

  /** `now` in milliseconds. A count that goes back starts anew: the job came to another phase. */
  update(bytes: number, now: number): void {
    if (this.#lastTime === undefined || bytes < this.#lastBytes) {
      this.#bytesPerMs = undefined;
    } else {
      const elapsed = now - this.#lastTime;
      if (elapsed <= 0) return;
      const current = (bytes - this.#lastBytes) / elapsed;
      const weight = 1 - Math.exp(-elapsed / TIME_CONSTANT_MS);
      this.#bytesPerMs =
        this.#bytesPerMs === undefined ? current : this.#bytesPerMs + weight * (current - this.#bytesPerMs);
    }
    this.#lastTime = now;
    this.#lastBytes = bytes;
  }

  /** Bytes a second, once two different moments are known. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerMs === undefined ? undefined : this.#bytesPerMs * 1000;
  }

  /** Milliseconds until `totalBytes`, or undefined while nothing moves. */
  remainingMs(totalBytes: number): number | undefined {
    if (this.#bytesPerMs === undefined || this.#bytesPerMs <= 0) return undefined;
    return Math.max(0, totalBytes - this.#lastBytes) / this.#bytesPerMs;
  }
}
