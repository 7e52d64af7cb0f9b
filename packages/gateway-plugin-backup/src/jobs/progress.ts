import type { Clock } from "@openclaw/gateway-core";
import type { Timer } from "./timer.js";
import type { JobRecord } from "./types.js";

/** Gets the job as it is now; the call with a terminal state is the last. */
export type JobListener = (job: JobRecord) => void;

/** At most four events a second: a person sees no more, and a browser redraws for each. */
const INTERVAL_MS = 250;

export interface FeedOptions {
  readonly clock: Clock;
  readonly timer: Timer;
  /** The job as it is now. */
  readonly read: () => JobRecord;
  /** Told of a listener that threw; it is not called again. */
  readonly onListenerFailed: (error: unknown) => void;
}

/**
 * Tells the listeners of one job how it goes on: changes of state at once, progress at most every {@link INTERVAL_MS},
 * and always the newest.
 */
export class JobFeed {
  readonly #options: FeedOptions;
  readonly #listeners = new Set<JobListener>();
  #lastSent = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** The listener hears of the present state before this returns. Returns how to unsubscribe. */
  subscribe(listener: JobListener): () => void {
    const entry: JobListener = (job) => listener(job);
    this.#listeners.add(entry);
    this.#call(entry, this.#options.read());
    return () => void this.#listeners.delete(entry);
  }

  stateChanged(): void {
    this.#send();
  }

  progressed(): void {
    if (this.#cancelTimer !== undefined) return;
    const wait = this.#lastSent + INTERVAL_MS - this.#options.clock.now();
    if (wait <= 0) this.#send();
    else this.#cancelTimer = this.#options.timer(wait, () => this.#send());
  }

  /** Sends the last state and forgets the listeners. */
  end(): void {
    this.#send();
    this.#listeners.clear();
  }

  #send(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#lastSent = this.#options.clock.now();
    const job = this.#options.read();
    for (const listener of this.#listeners) this.#call(listener, job);
  }

  #call(listener: JobListener, job: JobRecord): void {
    try {
      listener(job);
    } catch (error) {
      this.#listeners.delete(listener);
      this.#options.onListenerFailed(error);
    }
  }
}
