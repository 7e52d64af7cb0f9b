/**
 * Cuts the tar stream into segments (`docs/archive-format.md`, "Segments"): entries in, filled buffers out. Every entry
 * passes the entry policy here. Buffers come from a fixed pool; {@link SegmentSink.takeBuffer} waits while all of them
 * are on their way, and so bounds the memory of the whole pipeline.
 */
import { createHash } from "node:crypto";
import type { FactsRecorder } from "./base/facts.js";
import { EntryBatch } from "./entry-batch.js";
import { SEGMENT_BYTES } from "./format.js";
import type { EntryFlag, SegmentKind } from "./format.js";
import type { EntryPolicy } from "./policy.js";
import { TAR_END, tarHeaderBytes, tarPadding, writeTarHeader } from "./tar-header.js";
import type { TarEntry } from "./tar-header.js";

/** Raw bytes of one segment and the index entries that are complete with it. */
export interface FilledSegment {
  readonly kind: SegmentKind;
  /** Of SEGMENT_BYTES; the segment fills the first `raw` of them. Belongs to the receiver. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly raw: number;
  /** See `entry-batch.ts`. A large file's entry comes with its last piece, because only then its SHA-256 is known. */
  readonly entries: Uint8Array<ArrayBuffer>;
  /** Of the raw bytes, where it is known already. */
  readonly sha256: Uint8Array | undefined;
}

export interface SegmentSink {
  /** A buffer of SEGMENT_BYTES with any content. */
  takeBuffer(): Promise<Uint8Array<ArrayBuffer>>;
  emit(segment: FilledSegment): void;
}

/** What is known of a file besides its content. */
export interface FileFacts {
  readonly flags: readonly EntryFlag[];
  /** Of the file before it was read: see `base/facts.ts`. */
  readonly state?: Uint8Array | undefined;
}

const NONE: FileFacts = { flags: [] };

export interface SegmenterOptions {
  /** Has judged what the archive takes over already. */
  readonly policy: EntryPolicy;
  /** Takes the states of the entries, except for directories: those come last. */
  readonly facts: FactsRecorder;
  /** Number of the first segment: as many are taken over before it. */
  readonly firstSegment: number;
}

export class Segmenter {
  readonly #sink: SegmentSink;
  readonly #policy: EntryPolicy;
  readonly #facts: FactsRecorder;
  #kind: "pack" | "dirs" = "pack";
  #buffer: Buffer<ArrayBuffer> | undefined;
  #used = 0;
  readonly #entries = new EntryBatch();
  #segments: number;

  constructor(sink: SegmentSink, { policy, facts, firstSegment }: SegmenterOptions) {
    this.#sink = sink;
    this.#policy = policy;
    this.#facts = facts;
    this.#segments = firstSegment;
  }

  /**
   * Room for an entry's content in the open pack, which is closed first if the entry would not fit. Nothing is written
   * before {@link add}; without it the room is simply used by the next entry.
   */
  async room(entry: TarEntry): Promise<Uint8Array<ArrayBuffer>> {
    const open = this.roomAtOnce(entry);
    if (open !== undefined) return open;
    this.flush();
    this.#buffer = await this.#takeBuffer();
    return this.#contentOf(this.#buffer, entry);
  }

  /** As {@link room}, where nothing has to be waited for: undefined when the open pack has no room. */
  roomAtOnce(entry: TarEntry): Uint8Array<ArrayBuffer> | undefined {
    const bytes = tarHeaderBytes(entry) + entry.size + tarPadding(entry.size);
    if (this.#buffer === undefined || this.#used + bytes > SEGMENT_BYTES) return undefined;
    return this.#contentOf(this.#buffer, entry);
  }

  #contentOf(buffer: Buffer<ArrayBuffer>, entry: TarEntry): Uint8Array<ArrayBuffer> {
    const start = this.#used + tarHeaderBytes(entry);
    return buffer.subarray(start, start + entry.size);
  }

  /** Adds an entry whose content stands in the {@link room} that was made for it, or for a larger one of its path. */
  add(entry: TarEntry, { flags, state }: FileFacts = NONE): void {
    const buffer = this.#buffer;
    if (buffer === undefined) throw new Error("No room was made for the entry.");
    this.#policy.check(entry);
    const offset = this.#used;
    const content = offset + writeTarHeader(entry, buffer, offset);
    if (entry.type !== "directory") this.#facts.add(state);
    this.#entries.add(entry, { segment: this.#segments, offset, content }, { flags });
    this.#used = content + entry.size + tarPadding(entry.size);
    buffer.fill(0, content + entry.size, this.#used);
  }

  /** Adds an entry without content. */
  async place(entry: TarEntry, facts?: FileFacts): Promise<void> {
    if (this.roomAtOnce(entry) === undefined) await this.room(entry);
    this.add(entry, facts);
  }

  /** Closes the open pack, if there is one. */
  flush(): void {
    if (this.#buffer === undefined || this.#used === 0) return;
    this.#emit(this.#kind, this.#buffer, this.#used);
    this.#buffer = undefined;
    this.#used = 0;
  }

  /**
   * A file that gets a head and pieces of its own. `fill` is called for one piece after the other, with the piece's place
   * and the position of its content in the file; `finish` after the last.
   */
  async addLarge(
    entry: TarEntry,
    fill: (content: Uint8Array, position: number) => void,
    finish: () => FileFacts,
  ): Promise<void> {
    this.flush();
    this.#policy.check(entry);
    const segment = this.#segments;
    const head = await this.#takeBuffer();
    this.#emit("head", head, writeTarHeader(entry, head, 0));
    const digest = createHash("sha256");
    for (let position = 0; position < entry.size; position += SEGMENT_BYTES) {
      const piece = await this.#takeBuffer();
      const length = Math.min(SEGMENT_BYTES, entry.size - position);
      fill(piece.subarray(0, length), position);
      const raw = length + tarPadding(length);
      piece.fill(0, length, raw);
      digest.update(piece.subarray(0, length));
      // The content so far is the first piece: its bytes need not be hashed again.
      const sha256 = position === 0 ? digest.copy().update(piece.subarray(length, raw)).digest() : undefined;
      if (position + length === entry.size) {
        const { flags, state } = finish();
        this.#facts.add(state);
        this.#entries.add(entry, { segment, offset: 0, content: 0 }, { flags, sha256: digest.digest() });
      }
      this.#emit("piece", piece, raw, sha256);
    }
  }

  /** From here on come directory entries. */
  startDirectories(): void {
    this.flush();
    this.#kind = "dirs";
  }

  /** The end of the tar stream; judges the entries as a whole. */
  async end(): Promise<void> {
    this.flush();
    this.#policy.finish();
    const buffer = await this.#takeBuffer();
    buffer.set(TAR_END);
    this.#emit("end", buffer, TAR_END.length);
  }

  /** The open pack's unused buffer first: the pool is small, and a buffer kept back could be the last one. */
  async #takeBuffer(): Promise<Buffer<ArrayBuffer>> {
    const kept = this.#buffer;
    this.#buffer = undefined;
    if (kept !== undefined) return kept;
    const { buffer, byteOffset, length } = await this.#sink.takeBuffer();
    return Buffer.from(buffer, byteOffset, length);
  }

  #emit(kind: SegmentKind, buffer: Uint8Array<ArrayBuffer>, raw: number, sha256?: Uint8Array): void {
    this.#segments++;
    this.#sink.emit({ kind, buffer, raw, entries: this.#entries.take(), sha256 });
  }
}
