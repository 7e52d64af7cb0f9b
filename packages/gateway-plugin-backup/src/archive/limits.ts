/** The compression ratio limit for archives without our index: nothing in them tells beforehand how large they get. */
import { BackupError } from "../errors.js";
import type { ArchiveLimits } from "./format.js";

/** Tar bytes from which on the ratio counts; a small archive of zeros honestly packs very well. */
export const RATIO_FREE_BYTES = 100_000_000;

export class RatioGuard {
  readonly #ratio: number;
  readonly #subject: string;

  /** @param subject The archive, as it begins a message: `Archive s3://bucket/key`. */
  constructor(limits: ArchiveLimits, subject: string) {
    this.#ratio = limits.ratio;
    this.#subject = subject;
  }

  /**
   * To be called with the totals so far as the stream is unpacked. Throws LIMIT_EXCEEDED.
   *
   * @param storedBytes Bytes of the object consumed.
   * @param tarBytes Bytes of the tar stream that came out of them.
   */
  check(storedBytes: number, tarBytes: number): void {
    if (tarBytes <= RATIO_FREE_BYTES || tarBytes <= storedBytes * this.#ratio) return;
    throw new BackupError(
      "LIMIT_EXCEEDED",
      `${this.#subject} unpacks to more than ${this.#ratio} times its size (${tarBytes} bytes from ${storedBytes}).`,
      { details: { rule: "ratio", limit: this.#ratio } },
    );
  }
}
