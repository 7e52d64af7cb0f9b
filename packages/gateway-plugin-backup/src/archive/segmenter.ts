/**
 * Cuts the tar stream into segments (`docs/archive-format.md`, "Segments"): entries in, filled buffers out. Every entry
 * passes the entry policy here. Buffers come from a fixed pool; {@link SegmentSink.takeBuffer} waits while all of them
 * are on their way, and so bounds the memory of the whole pipeline.
 */
import type { FactsRecorder } from "./base/facts.js";
import { SEGMENT_BYTES } from "./format.js";
import type { EntryFlag, EntryRecord, SegmentKind } from "./format.js";
import type { EntryPolicy } from "./policy.js";
import { encodeTarHeader, TAR_END, tarHeaderBytes, tarPadding } from "./tar-header.js";
import type { TarEntry } from "./tar-header.js";

/** Raw bytes of one segment and the index entries that are complete with it. */
export interface FilledSegment {
  readonly kind: SegmentKind;
  /** Of SEGMENT_BYTES; the segment fills the first `raw` of them. Belongs to the receiver. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly raw: number;
  /** A large file's entry comes with its last piece, because only then its SHA-256 is known. */
  readonly entries: readonly EntryRecord[];
}

export interface SegmentSink {
  /** A buffer of SEGMENT_BYTES with any content. */
  takeBuffer(): Promise<Uint8Array<ArrayBuffer>>;
  emit(segment: FilledSegment): void;
}

export interface Digest {
  /** Of a file's content, 64 hex digits. */
  readonly sha256?: string;
  readonly flags?: readonly EntryFlag[];
  /** Of the file before it was read: see `base/facts.ts`. */
  readonly state?: Uint8Array | undefined;
}

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
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #used = 0;
  #entries: EntryRecord[] = [];
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
    const header = tarHeaderBytes(entry);
    if (this.#used + header + entry.size + tarPadding(entry.size) > SEGMENT_BYTES) this.flush();
    this.#buffer ??= await this.#sink.takeBuffer();
    const start = this.#used + header;
    return this.#buffer.subarray(start, start + entry.size);
  }

  /** Adds an entry whose content stands in the {@link room} that was made for it, or for a larger one of its path. */
  add(entry: TarEntry, digest: Digest = {}): void {
    const buffer = this.#buffer;
    if (buffer === undefined) throw new Error("No room was made for the entry.");
    this.#policy.check(entry);
    const header = encodeTarHeader(entry);
    buffer.set(header, this.#used);
    if (entry.type !== "directory") this.#facts.add(digest.state);
    this.#entries.push({ ...record(entry, digest), segment: this.#segments, offset: this.#used });
    const contentEnd = this.#used + header.length + entry.size;
    this.#used = contentEnd + tarPadding(entry.size);
    buffer.fill(0, contentEnd, this.#used);
  }

  /** Adds an entry without content. */
  async place(entry: TarEntry, digest: Digest = {}): Promise<void> {
    await this.room(entry);
    this.add(entry, digest);
  }

  /** Closes the open pack, if there is one. */
  flush(): void {
    if (this.#buffer !== undefined && this.#used > 0)
      this.#emit({ kind: this.#kind, buffer: this.#buffer, raw: this.#used, entries: this.#entries });
    else return;
    this.#buffer = undefined;
    this.#used = 0;
    this.#entries = [];
  }

  /**
   * A file that gets a head and pieces of its own. `fill` is called for one piece after the other, with the piece's place
   * and the position of its content in the file; `finish` after the last, for what the index says of the content.
   */
  async addLarge(
    entry: TarEntry,
    fill: (content: Uint8Array, position: number) => void,
    finish: () => Digest,
  ): Promise<void> {
    this.flush();
    this.#policy.check(entry);
    const segment = this.#segments;
    const header = encodeTarHeader(entry);
    const buffer = await this.#takeBuffer();
    buffer.set(header);
    this.#emit({ kind: "head", buffer, raw: header.length, entries: [] });
    for (let position = 0; position < entry.size; position += SEGMENT_BYTES) {
      const piece = await this.#takeBuffer();
      const length = Math.min(SEGMENT_BYTES, entry.size - position);
      fill(piece.subarray(0, length), position);
      const raw = length + tarPadding(length);
      piece.fill(0, length, raw);
      const isLast = position + length === entry.size;
      const entries: EntryRecord[] = [];
      if (isLast) {
        const digest = finish();
        this.#facts.add(digest.state);
        entries.push({ ...record(entry, digest), segment, offset: 0 });
      }
      this.#emit({ kind: "piece", buffer: piece, raw, entries });
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
    this.#emit({ kind: "end", buffer, raw: TAR_END.length, entries: [] });
  }

  /** The open pack's unused buffer first: the pool is small, and a buffer kept back could be the last one. */
  async #takeBuffer(): Promise<Uint8Array<ArrayBuffer>> {
    const kept = this.#buffer;
    this.#buffer = undefined;
    return kept ?? (await this.#sink.takeBuffer());
  }

  #emit(segment: FilledSegment): void {
    this.#segments++;
    this.#sink.emit(segment);
  }
}

function record(entry: TarEntry, digest: Digest): Omit<EntryRecord, "segment" | "offset"> {
  const { path, type, mode, size, mtimeNs, target } = entry;
  return {
    path,
    type,
    mode: mode & 0o777,
    size,
    mtimeNs,
    ...(digest.sha256 !== undefined && { sha256: digest.sha256 }),
    ...(target !== undefined && { target }),
    flags: digest.flags ?? [],
  };
}
