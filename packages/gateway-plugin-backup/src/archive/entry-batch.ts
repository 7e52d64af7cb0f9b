/**
 * The index entries of a segment while it goes through the threads, as bytes: as objects, the thousands of a pack would be
 * copied from heap to heap at every step. Whoever hashes the segment fills in the hashes of the contents.
 *
 * One record behind the other, numbers little-endian:
 *
 *     4 bytes   length of the record
 *     4         number of the segment that holds the entry's header
 *     4         offset of the entry in that segment
 *     4         offset of its content in the segment that the batch belongs to
 *     8         size, as a double
 *     8         seconds of the modification time, signed
 *     4         nanoseconds of it, of the same sign
 *     2         mode
 *     1         type
 *     1         flags, one bit each
 *     1         state of the hash
 *     1         nothing
 *     2         length of the path
 *    32         SHA-256 of the content
 *    the path, then the target of a link
 */
import { hash } from "node:crypto";
import type { EntryFlag, EntryRecord, EntryType } from "./format.js";
import type { RawPath } from "./raw-path.js";
import type { TarEntry } from "./tar-header.js";

const LENGTH = 0;
const SEGMENT = 4;
const OFFSET = 8;
const CONTENT = 12;
const SIZE = 16;
const SECONDS = 24;
const NANOSECONDS = 32;
const MODE = 36;
const TYPE = 38;
const FLAGS = 39;
const HASHED = 40;
const PATH_BYTES = 42;
const SHA256 = 44;
const SHA256_BYTES = 32;
const NAMES = SHA256 + SHA256_BYTES;

const TYPE_BYTES: Readonly<Record<EntryType, number>> = { file: 0, directory: 1, symlink: 2 };
const FLAG_BITS: readonly EntryFlag[] = ["database", "truncated", "changed"];
const NO_FLAGS: readonly EntryFlag[] = [];
const SECOND = 1_000_000_000n;

const HASH_NONE = 0;
const HASH_MISSING = 1;
const HASH_THERE = 2;

const FIRST_BYTES = 64 * 1024;

export interface EntryPlace {
  readonly segment: number;
  readonly offset: number;
  /** Where its content begins in the segment that it is complete with. */
  readonly content: number;
}

/** What is known of a content besides its bytes. */
export interface ContentFacts {
  /** Undefined: to be made by {@link hashContents}. */
  readonly sha256?: Uint8Array;
  readonly flags: readonly EntryFlag[];
}

/** Gathers the entries of one segment after the other. */
export class EntryBatch {
  #bytes = Buffer.alloc(FIRST_BYTES);
  #view = viewOf(this.#bytes);
  #length = 0;

  add(entry: TarEntry, place: EntryPlace, { sha256, flags }: ContentFacts): void {
    const { path, target = "", mtimeNs } = entry;
    const at = this.#length;
    this.#length += NAMES + path.length + target.length;
    this.#makeRoom();
    const view = this.#view;
    view.setUint32(at + LENGTH, this.#length - at, true);
    view.setUint32(at + SEGMENT, place.segment, true);
    view.setUint32(at + OFFSET, place.offset, true);
    view.setUint32(at + CONTENT, place.content, true);
    view.setFloat64(at + SIZE, entry.size, true);
    const seconds = mtimeNs / SECOND;
    view.setBigInt64(at + SECONDS, seconds, true);
    view.setInt32(at + NANOSECONDS, Number(mtimeNs - seconds * SECOND), true);
    view.setUint16(at + MODE, entry.mode & 0o777, true);
    view.setUint8(at + TYPE, TYPE_BYTES[entry.type]);
    let bits = 0;
    for (const flag of flags) bits |= 1 << FLAG_BITS.indexOf(flag);
    view.setUint8(at + FLAGS, bits);
    view.setUint16(at + PATH_BYTES, path.length, true);
    view.setUint8(at + HASHED, hashState(entry, sha256));
    if (sha256 !== undefined) this.#bytes.set(sha256, at + SHA256);
    this.#bytes.write(path, at + NAMES, "latin1");
    if (target !== "") this.#bytes.write(target, at + NAMES + path.length, "latin1");
  }

  /** What was added since the last time, in memory of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #makeRoom(): void {
    if (this.#length <= this.#bytes.length) return;
    const longer = Buffer.alloc(2 * this.#length);
    this.#bytes.copy(longer);
    this.#bytes = longer;
    this.#view = viewOf(longer);
  }
}

function hashState({ type }: TarEntry, sha256: Uint8Array | undefined): number {
  if (type !== "file") return HASH_NONE;
  return sha256 === undefined ? HASH_MISSING : HASH_THERE;
}

/** Fills in the hashes that are missing, from the raw bytes of the batch's segment. */
export function hashContents(batch: Uint8Array, raw: Uint8Array): void {
  const view = viewOf(batch);
  for (let at = 0; at < batch.length; at += view.getUint32(at + LENGTH, true)) {
    if (view.getUint8(at + HASHED) !== HASH_MISSING) continue;
    const start = view.getUint32(at + CONTENT, true);
    const content = raw.subarray(start, start + view.getFloat64(at + SIZE, true));
    batch.set(hash("sha256", content, "buffer"), at + SHA256);
    view.setUint8(at + HASHED, HASH_THERE);
  }
}

/** The entries of a batch whose contents are hashed, in their order. */
export function* readEntries(batch: Uint8Array): Generator<EntryRecord, void, void> {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.length);
  const view = viewOf(batch);
  for (let at = 0, end: number; at < batch.length; at = end) {
    end = at + view.getUint32(at + LENGTH, true);
    const pathEnd = at + NAMES + view.getUint16(at + PATH_BYTES, true);
    const seconds = view.getBigInt64(at + SECONDS, true);
    yield {
      path: bytes.toString("latin1", at + NAMES, pathEnd) as RawPath,
      type: typeOf(view.getUint8(at + TYPE)),
      mode: view.getUint16(at + MODE, true),
      size: view.getFloat64(at + SIZE, true),
      mtimeNs: seconds * SECOND + BigInt(view.getInt32(at + NANOSECONDS, true)),
      ...(view.getUint8(at + HASHED) === HASH_THERE && {
        sha256: bytes.toString("hex", at + SHA256, at + NAMES),
      }),
      ...(end > pathEnd && { target: bytes.toString("latin1", pathEnd, end) as RawPath }),
      segment: view.getUint32(at + SEGMENT, true),
      offset: view.getUint32(at + OFFSET, true),
      flags: flagsOf(view.getUint8(at + FLAGS)),
    };
  }
}

function typeOf(byte: number): EntryType {
  if (byte === TYPE_BYTES.file) return "file";
  return byte === TYPE_BYTES.symlink ? "symlink" : "directory";
}

function flagsOf(bits: number): readonly EntryFlag[] {
  return bits === 0 ? NO_FLAGS : FLAG_BITS.filter((_, bit) => (bits & (1 << bit)) !== 0);
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
