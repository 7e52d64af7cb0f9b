import { randomBytes } from "node:crypto";
import type { Clock } from "@openclaw/gateway-core";

/** 36^9 ms reach beyond the year 5000. */
const TIME_DIGITS = 9;
const RANDOM_BYTES = 5;

/**
 * Makes ids that sort by time of creation, also within a millisecond and when the clock is set back while the process
 * runs: prefix, milliseconds in base 36, random. The random part keeps them apart over restarts and is not a secret.
 */
export class IdMaker {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param prefix One lower-case letter that says what the id names: `j` for a job, `a` for an archive. */
  next(prefix: string): string {
    this.#last = Math.max(this.#clock.now(), this.#last + 1);
    const time = this.#last.toString(36).padStart(TIME_DIGITS, "0");
    const random = BigInt(`0x${randomBytes(RANDOM_BYTES).toString("hex")}`)
      .toString(36)
      .padStart(8, "0");
    return prefix + time + random;
  }
}
