/**
 * Repeats requests that failed for a reason that may pass.
 *
 * The SDK's own retry is switched off, because it knows neither of the two things that matter here: that a lost answer
 * to a conditional write has to be resolved by looking (`settled`), and that a store which asks one sender to slow down
 * means all senders of this gateway's job.
 */
import { BackupError } from "../../errors.js";
import type { Clock } from "../timing.js";
import type { Fault } from "./fault.js";

/** Time and chance, so that tests need neither. */
export interface Timing extends Clock {
  /** 0 ≤ x < 1. */
  random(): number;
}

/** Counts repetitions, for the result that a person reads. */
export interface RetryTally {
  retries: number;
}

export interface RetryOptions<T> {
  readonly faultOf: (error: unknown) => Fault;
  /** Makes the error that is thrown when no further attempt is made. */
  readonly failure: (fault: Fault, attempts: number) => Error;
  /**
   * Asked before a request is repeated that may have taken effect, and before it is given up: the request's result
   * when it did, undefined when it did not. May throw when it finds that repeating would do harm.
   */
  readonly settled?: (() => Promise<T | undefined>) | undefined;
  /** An attempt may take so much longer, because sending is limited. */
  readonly sendingMs?: number | undefined;
  readonly tally?: RetryTally | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An endpoint that has never answered is probably mistyped: the person waits for the error, so it comes within seconds
 * (0.25 + 0.5 + 1 s of waiting at most). One that has answered is probably restarting: that takes half a minute, and
 * waiting is cheaper than making the archive again (at most 0.25 + 0.5 + 1 + 2 + 4 + 8 + 16 + 16 = 48 s).
 */
const ATTEMPTS_BEFORE_FIRST_ANSWER = 4;
const ATTEMPTS = 9;
/** No attempt starts later than this after the first: slow timeouts must not add up to many minutes. */
const BUDGET_MS = 90_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 16_000;
/** A store that sheds load needs seconds, not milliseconds. */
const SLOWER_FACTOR = 4;

export class Retrier {
  readonly #timing: Timing;
  #reached = false;
  /** No sender of this store starts a request before this time. */
  #opensAt = 0;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  async run<T>(attempt: () => Promise<T>, options: RetryOptions<T>): Promise<T> {
    const { signal, settled } = options;
    const startedAt = this.#timing.now();
    let uncertain = false;
    let attempts = 0;
    for (;;) {
      attempts++;
      await this.#passGate(signal);
      if (uncertain) {
        const result = await settled?.();
        if (result !== undefined) return result;
      }
      try {
        const result = await attempt();
        this.#reached = true;
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        // What our own checks of an answer found wrong is decided already.
        if (error instanceof BackupError) throw error;
        const fault = options.faultOf(error);
        if (fault.status !== undefined) this.#reached = true;
        uncertain ||= fault.uncertain;
        if (!this.#mayRepeat(fault, attempts, startedAt + attempts * (options.sendingMs ?? 0))) {
          // Where no answer comes at all, looking gets none either.
          const result = uncertain && fault.status !== undefined ? await settled?.() : undefined;
          if (result !== undefined) return result;
          throw options.failure(fault, attempts);
        }
        if (options.tally !== undefined) options.tally.retries++;
        await this.#wait(fault, attempts, signal);
      }
    }
  }

  /** Waits as long as a repetition would after `attempts` failures; for transfers that break half-way. */
  async backOff(attempts: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#timing.sleep(this.#jittered(attempts, 1), signal);
  }

  #mayRepeat(fault: Fault, attempts: number, startedAt: number): boolean {
    if (fault.repeat === "never") return false;
    if (attempts >= (this.#reached ? ATTEMPTS : ATTEMPTS_BEFORE_FIRST_ANSWER)) return false;
    return this.#timing.now() - startedAt < BUDGET_MS;
  }

  async #wait(fault: Fault, attempts: number, signal: AbortSignal | undefined): Promise<void> {
    if (fault.repeat !== "slower") return this.backOff(attempts, signal);
    const asked = Math.min(fault.retryAfterMs ?? 0, LONGEST_WAIT_MS);
    const delay = Math.max(asked, this.#jittered(attempts, SLOWER_FACTOR));
    this.#opensAt = Math.max(this.#opensAt, this.#timing.now() + delay);
  }

  async #passGate(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    for (let left = this.#opensAt - this.#timing.now(); left > 0; left = this.#opensAt - this.#timing.now()) {
      // The extra keeps the senders that waited from starting in the same millisecond.
      await this.#timing.sleep(left + this.#timing.random() * FIRST_WAIT_MS, signal);
    }
  }

  /**
   * "Full jitter": anything between nothing and the doubled wait, which spreads senders best.
   * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
   */
  #jittered(attempts: number, factor: number): number {
    return this.#timing.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * factor * 2 ** (attempts - 1));
  }
}
