/** Long enough to be read in peace, short enough to follow a store that slows down. */
const WINDOW_MS = 8000;

/** Before that, a rate is chance. */
const LEAST_MS = 1000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** How fast a job's bytes come on, over the last seconds. */
export class TransferRate {
  #samples: readonly Sample[] = [];

  /** A count that goes back starts anew: the job has come to another phase. */
  add(bytes: number, at: number): void {
    const isAnew = bytes < (this.#samples.at(-1)?.bytes ?? 0);
    const kept = isAnew ? [] : this.#samples.filter((sample) => at - sample.at <= WINDOW_MS);
    this.#samples = [...kept, { at, bytes }];
  }

  /** Undefined while there is too little to say. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  /** Milliseconds; undefined while nothing moves. */
  timeLeft(totalBytes: number): number | undefined {
    const rate = this.bytesPerSecond;
    const done = this.#samples.at(-1)?.bytes;
    if (rate === undefined || rate <= 0 || done === undefined) return undefined;
    return (Math.max(0, totalBytes - done) / rate) * 1000;
  }
}
