/** Opens an archive from its end: seek table, index frame, index. A range read or two, never the whole object. */
import { hash } from "node:crypto";
import binding from "zstd-napi/binding.js";
import { BackupError } from "../errors.js";
import { damaged, type FormatRule } from "./damage.js";
import { shownPath } from "./entry-name.js";
import {
  type ArchiveLimits,
  type ArchiveTotals,
  INDEX_FRAME_MAGIC,
  type IndexHeader,
  MAX_FRAME_RAW_BYTES,
  type SegmentRecord,
} from "./format.js";
import { readSkippableFrame, SKIPPABLE_HEADER_BYTES } from "./frames.js";
import { archiveRoot } from "./gateway-parts.js";
import { beginsLikeIndex, readHeader, readIndex } from "./index-codec.js";
import { naming } from "./naming.js";
import { EntryPolicy } from "./policy.js";
import { rawPath } from "./raw-path.js";
import { decodeSeekTable, type FrameSize, type SeekTable } from "./seek-table.js";
import { type ArchiveSource, archiveSubject, readRange } from "./source.js";
import { sharedMemory } from "./shared-memory.js";
import { readSignature, SIGNATURE_FRAME_BYTES } from "./signature.js";

/** An index that agrees with itself, with the seek table and with the entry policy. */
export interface OpenIndex {
  readonly header: IndexHeader;
  /** The index as it is stored: zstd frames of JSON lines, for `readIndex`. Threads share it when it is sent to them. */
  readonly payload: Uint8Array;
  /** SHA-256 of the index frame's bytes, 64 hex digits. */
  readonly sha256: string;
  /** Where the segments end in the object. What follows has been read and checked already. */
  readonly segmentsEnd: number;
  /** Id of the key whose signature of this index is good; undefined: it has none. See `signature.ts`. */
  readonly signedBy: string | undefined;
}

/** An index whose entries have passed the entry policy, because it was written here, or was opened before. */
export interface KnownIndex {
  readonly sha256: string;
  /** It was read back whole from a store: that it is the same, byte for byte, says all. */
  readonly isRead: boolean;
}

/** As many last bytes as hold the seek table and the index of a tenant of a few thousand entries. */
export const TAIL_BYTES = 512 * 1024;

/**
 * What an index takes, compressed, for an entry (its SHA-256, which nothing makes smaller, and what is left of the rest) and
 * for a segment, rounded up: what is too much costs less than another request.
 */
const ENTRY_STORED_BYTES = 64;
const SEGMENT_STORED_BYTES = 48;

/** A longer index is fetched in pieces. */
export const TAIL_BYTES_MAX = 16 * 1024 * 1024;

/** As many last bytes as hold the seek table and the index of an archive of this size, most likely. */
export function tailBytesFor({ entries, segments }: Pick<ArchiveTotals, "entries" | "segments">): number {
  const expected = entries * ENTRY_STORED_BYTES + segments * SEGMENT_STORED_BYTES;
  return Math.min(Math.max(TAIL_BYTES, expected), TAIL_BYTES_MAX);
}

/** Bytes of an index for each entry that the limits allow: two paths of 4 KiB hardly pack, a usual entry takes under 100. */
const INDEX_BYTES_PER_ENTRY = 256;
const INDEX_BYTES_FREE = 16 * 1024 * 1024;

/** What is looked at of a frame that may be an index not marked as one: more than a zstd block, of at most 128 KiB. */
const INDEX_HEAD_BYTES = 256 * 1024;

/** The largest frame that zstd makes of the most that a frame may hold. */
const MAX_FRAME_STORED_BYTES = binding.compressBound(MAX_FRAME_RAW_BYTES);

/**
 * Opens the index of an archive of ours. `tail` holds the object's last bytes, at best {@link TAIL_BYTES}; more are read
 * where that is too few. Undefined: the object has no index, so it is another tool's, or its end is lost.
 *
 * Every entry has passed the entry policy, and the totals the limits, when this resolves; in a `known` index they did
 * before, and are not judged again, which takes half the time and all the memory. Throws ARCHIVE_DAMAGED,
 * ARCHIVE_TOO_NEW, UNSAFE_ENTRY, LIMIT_EXCEEDED, and what the source throws.
 */
export async function openIndex(
  source: ArchiveSource,
  tail: Uint8Array,
  limits: ArchiveLimits,
  known?: KnownIndex,
): Promise<OpenIndex | undefined> {
  const subject = archiveSubject(source);
  const ending = new Ending(source, tail);
  const table = await readSeekTable(ending);
  const frames = splitFrames(table?.frames);
  if (table === undefined || frames === undefined) return undefined;
  const { segments, index, behind } = frames;
  const segmentsEnd = segments.reduce((offset, frame) => offset + frame.stored, 0);
  const head = await ending.read(segmentsEnd, segmentsEnd + SKIPPABLE_HEADER_BYTES);
  if (head.readUInt32LE() !== INDEX_FRAME_MAGIC) {
    await refuseAlteredIndex(ending, segmentsEnd, index);
    return undefined;
  }
  if (table.descriptor !== 0)
    throw damaged("seek table", `${subject} has a seek table with descriptor ${table.descriptor}.`);
  checkIndexSize(index, limits, subject);
  const indexFrame = await ending.readShared(segmentsEnd, segmentsEnd + index.stored);
  const payload = naming(subject, () => readSkippableFrame(indexFrame, INDEX_FRAME_MAGIC));
  const signedBy = await readBehind(ending, segmentsEnd, indexFrame, behind);
  const sha256 = hash("sha256", indexFrame, "hex");
  const isKnown = sha256 === known?.sha256;
  const header = naming(subject, () =>
    isKnown && known.isRead
      ? readHeader(payload, limits)
      : checkIndex(payload, segments, limits, subject, isKnown),
  );
  return { header, payload, sha256, segmentsEnd, signedBy };
}

interface ArchiveFrames {
  readonly segments: readonly FrameSize[];
  readonly index: FrameSize;
  /** Between the index and the seek table. */
  readonly behind: readonly FrameSize[];
}

/** Which frame would be the index, if the archive is ours: the first skippable one, which holds no raw bytes. */
function splitFrames(frames: readonly FrameSize[] | undefined): ArchiveFrames | undefined {
  if (frames === undefined) return undefined;
  const skippable = frames.findIndex((frame) => frame.raw === 0);
  // None: then the last is looked at, so that a table that lies about the index is found out.
  const number = skippable < 0 ? frames.length - 1 : skippable;
  const index = frames[number];
  return index && { segments: frames.slice(0, number), index, behind: frames.slice(number + 1) };
}

/**
 * Other tools make seekable archives, too, and may put skippable frames of their own into them. But a frame that holds an
 * index and is not marked as one was altered, and must not pass for theirs: nothing would be checked against the index.
 */
async function refuseAlteredIndex(ending: Ending, start: number, { stored, raw }: FrameSize): Promise<void> {
  if (raw !== 0) return;
  const end = start + Math.min(stored, INDEX_HEAD_BYTES);
  const head = await ending.read(start + SKIPPABLE_HEADER_BYTES, end);
  if (beginsLikeIndex(head))
    throw refusal(archiveSubject(ending.source), "has an index that is not marked as one", "skippable frame");
}

function checkIndexSize(index: FrameSize, { entries }: ArchiveLimits, subject: string): void {
  if (index.raw !== 0) throw refusal(subject, "has a seek table that is wrong about the index", "seek table");
  if (index.stored > entries * INDEX_BYTES_PER_ENTRY + INDEX_BYTES_FREE)
    throw new BackupError(
      "LIMIT_EXCEEDED",
      `${subject} has an index of ${index.stored} bytes, too many for ${entries} entries.`,
      { details: { rule: "entries", limit: entries } },
    );
}

/** Behind the index there may be one frame, a signature. Returns the signer. */
async function readBehind(
  ending: Ending,
  indexStart: number,
  indexFrame: Uint8Array,
  frames: readonly FrameSize[],
): Promise<string | undefined> {
  const subject = archiveSubject(ending.source);
  const [signature, ...others] = frames;
  if (others.length > 0)
    throw refusal(subject, "has more frames behind its index than a signature and a seek table");
  if (signature === undefined) return undefined;
  if (signature.raw !== 0)
    throw refusal(subject, "has a seek table that is wrong about the signature", "seek table");
  if (signature.stored > SIGNATURE_FRAME_BYTES)
    throw refusal(subject, `has a signature of ${signature.stored} bytes`, "signature");
  const start = indexStart + indexFrame.length;
  const frame = await ending.read(start, start + signature.stored);
  return naming(subject, () => readSignature(frame, indexFrame));
}

/** The last bytes of an object; reads further back when asked for. */
class Ending {
  readonly source: ArchiveSource;
  #tail: Buffer;

  constructor(source: ArchiveSource, tail: Uint8Array) {
    this.source = source;
    this.#tail = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  }

  /** The last `length` bytes; all where the object has fewer. */
  async last(length: number): Promise<Buffer> {
    const { size } = this.source;
    if (this.#tail.length < length && this.#tail.length < size)
      this.#tail = await readRange(this.source, Math.max(size - length, 0), size);
    return this.#tail;
  }

  async read(start: number, end: number): Promise<Buffer> {
    const tailStart = this.source.size - this.#tail.length;
    if (start >= tailStart) return this.#tail.subarray(start - tailStart, end - tailStart);
    return readRange(this.source, start, end);
  }

  /** As {@link read}, in memory that other threads can be given, too: an index may be large. */
  async readShared(start: number, end: number): Promise<Buffer> {
    const range = Buffer.from(sharedMemory(end - start));
    const tailStart = this.source.size - this.#tail.length;
    if (start < tailStart) return readRange(this.source, start, end, range);
    this.#tail.copy(range, 0, start - tailStart);
    return range;
  }
}

async function readSeekTable(ending: Ending): Promise<SeekTable | undefined> {
  const { size } = ending.source;
  let wanted = 0;
  for (;;) {
    const tail = await ending.last(wanted);
    const table = naming(archiveSubject(ending.source), () => decodeSeekTable(tail, size));
    if (table === undefined) return undefined;
    if ("frames" in table) return table;
    wanted = table.needBytes;
  }
}

/** Reads the whole index once: against the seek table's frames, itself, and, unless it `isJudged`, the entry policy. */
function checkIndex(
  payload: Uint8Array,
  frames: readonly FrameSize[],
  limits: ArchiveLimits,
  subject: string,
  isJudged: boolean,
): IndexHeader {
  let header: IndexHeader | undefined;
  let policy: EntryPolicy | undefined;
  let segments = 0;
  for (const line of readIndex(payload, limits)) {
    switch (line.kind) {
      case "header":
        header = line.header;
        checkRoot(header, subject);
        if (!isJudged) policy = new EntryPolicy({ root: rawPath(header.root), limits, subject });
        break;
      case "segment":
        checkFrame(line.number, line.segment, frames[line.number], subject);
        segments++;
        break;
      case "entry":
        policy?.check(line.entry);
    }
  }
  policy?.finish();
  const unlisted = policy?.unlistedDirectory();
  if (unlisted !== undefined) {
    const entry = shownPath(unlisted);
    throw damaged("index layout", `${subject} has no entry for the directory "${entry}".`, { entry });
  }
  if (header === undefined || segments !== frames.length)
    throw refusal(subject, `has ${frames.length} frames before its index, which lists ${segments}`);
  return header;
}

function checkRoot({ root, tenant }: IndexHeader, subject: string): void {
  if (root !== archiveRoot(tenant))
    throw refusal(subject, `claims to be of the tenant "${tenant}" under "${root}"`, "tenant");
}

function checkFrame(
  number: number,
  segment: SegmentRecord,
  frame: FrameSize | undefined,
  subject: string,
): void {
  if (frame === undefined || frame.stored !== segment.stored || frame.raw !== segment.raw)
    throw refusal(subject, `has a seek table that differs from its index at segment ${number}`, "seek table");
  if (segment.stored > MAX_FRAME_STORED_BYTES)
    throw refusal(subject, `has a frame of ${segment.stored} bytes for segment ${number}`, "zstd frame");
}

function refusal(subject: string, how: string, rule: FormatRule = "object layout"): BackupError {
  return damaged(rule, `${subject} ${how}.`);
}
