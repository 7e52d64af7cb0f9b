/**
 * Bounds how often each caller may call: a budget that fills up again evenly, so that a burst is fine and a steady stream
 * is held to the rate.
 */
import type { Clock } from "@openclaw/gateway-core";
import { BackupError } from "../errors.js";

interface Budget {
  calls: number;
  /** Milliseconds since the epoch, when `calls` was right. */
  at: number;
}

const MINUTE_MS = 60_000;

/** So many callers are remembered before those are forgotten whose budgets are full again. */
const MAX_REMEMBERED = 10_000;

export class CallBudgets {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #budgets = new Map<string, Budget>();

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Counts a call. Throws `RATE_LIMITED`, with the seconds to wait, where the caller has none left. */
  spend(caller: string): void {
    const now = this.#clock.now();
    const calls = this.#callsOf(caller, now);
    if (calls < 1) {
      const seconds = Math.ceil((1 - calls) / (this.#perMinute / 60));
      throw new BackupError("RATE_LIMITED", `More than ${this.#perMinute} calls about backups in a minute.`, {
        hint: `Try again in ${seconds} s.`,
        details: { retryAfterSeconds: seconds },
      });
    }
    if (this.#budgets.size >= MAX_REMEMBERED) this.#forgetTheFull(now);
    this.#budgets.set(caller, { calls: calls - 1, at: now });
  }

  #callsOf(caller: string, now: number): number {
    const budget = this.#budgets.get(caller);
    if (budget === undefined) return this.#perMinute;
    // A clock that was set back gives nothing.
    const refilled = (Math.max(0, now - budget.at) / MINUTE_MS) * this.#perMinute;
    return Math.min(this.#perMinute, budget.calls + refilled);
  }

  #forgetTheFull(now: number): void {
    for (const caller of this.#budgets.keys()) {
      if (this.#callsOf(caller, now) === this.#perMinute) this.#budgets.delete(caller);
    }
  }
}
