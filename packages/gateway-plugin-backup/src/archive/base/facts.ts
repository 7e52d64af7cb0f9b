/**
 * What the gateway keeps beside an archive about the files that are in it, so that those that have not changed since need
 * not be read again: for each entry, in the order of the index, the state of the file before it was read. It is known to
 * this gateway alone, stands in no archive, and only saves work: without it every file is read and compared.
 *
 *     8 bytes   "facts 1\n"
 *    32 bytes   SHA-256 of the archive's index frame
 *    16 bytes   for each entry: its state; zeros where none is known. The entries behind the last are unknown
 *    32 bytes   SHA-256 of all that stands before it
 */
import { hash } from "node:crypto";
import type { BigIntStats } from "node:fs";

/** Two states are equal by half of a SHA-256: nobody finds another state of the same value. */
export const STATE_BYTES = 16;
const MAGIC = Buffer.from("facts 1\n", "latin1");
const HASH_BYTES = 32;

/** A change so short before a file was read may be followed by one that leaves no other time behind. */
const SETTLED_MS = 2000;

/** A file, and what stands beside it if it may be a database, as they were at one moment. */
export interface FileState {
  readonly main: BigIntStats;
  readonly wal?: BigIntStats | undefined;
  readonly journal?: BigIntStats | undefined;
}

/**
 * Tells one state of a file from any other, its content included, for comparisons only. Undefined for a file that changed
 * shortly before `now` (milliseconds since the epoch): it is not to be trusted as unchanged later.
 */
export function stateOf({ main, wal, journal }: FileState, now: number): Uint8Array | undefined {
  const parts = [main, wal, journal];
  if (parts.some((stats) => stats !== undefined && Number(stats.ctimeMs) > now - SETTLED_MS))
    return undefined;
  const digest = hash("sha256", parts.map(identity).join("/"), "buffer");
  // A copy: what is sent to another thread takes the whole memory that it is a part of along.
  return new Uint8Array(digest.subarray(0, STATE_BYTES));
}

function identity(stats: BigIntStats | undefined): string {
  if (stats === undefined) return "";
  const { dev, ino, mode, size, mtimeNs, ctimeNs } = stats;
  return `${dev}:${ino}:${mode}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Gathers the states of an archive's entries while they are written. */
export class FactsRecorder {
  #bytes = new Uint8Array(1024 * STATE_BYTES);
  #length = 0;

  /** Of the next entry. */
  add(state: Uint8Array | undefined): void {
    if (this.#length === this.#bytes.length) {
      const longer = new Uint8Array(2 * this.#length);
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    if (state !== undefined) this.#bytes.set(state, this.#length);
    this.#length += STATE_BYTES;
  }

  /** One state behind the other. */
  states(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** What is kept of `states`, for the archive whose index frame has this SHA-256 (64 hex digits). */
export function encodeFacts(states: Uint8Array, indexSha256: string): Buffer {
  const start = MAGIC.length + HASH_BYTES;
  const end = start + states.length;
  const bytes = Buffer.allocUnsafeSlow(end + HASH_BYTES);
  MAGIC.copy(bytes);
  bytes.write(indexSha256, MAGIC.length, "hex");
  bytes.set(states, start);
  bytes.set(hash("sha256", bytes.subarray(0, end), "buffer"), end);
  return bytes;
}

/** The states; undefined for what is damaged, of another version or of another archive. */
export function decodeFacts(bytes: Uint8Array, indexSha256: string): Uint8Array | undefined {
  const start = MAGIC.length + HASH_BYTES;
  const end = bytes.length - HASH_BYTES;
  if (end < start || (end - start) % STATE_BYTES !== 0) return undefined;
  const beginning = Buffer.concat([MAGIC, Buffer.from(indexSha256, "hex")]);
  if (!beginning.equals(bytes.subarray(0, start))) return undefined;
  if (!hash("sha256", bytes.subarray(0, end), "buffer").equals(bytes.subarray(end))) return undefined;
  return bytes.subarray(start, end);
}
