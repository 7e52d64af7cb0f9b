import { createHash, hash } from "node:crypto";
import type { BackupError } from "../errors.js";
import { damaged, type FormatRule } from "./damage.js";
import { checkContent, checkedHeaderEnd, checkPadding } from "./entry-checks.js";
import { FrameAssembler } from "./frame-assembler.js";
import {
  type ArchiveLimits,
  type EntryRecord,
  type IndexHeader,
  MAX_FRAME_RAW_BYTES,
  type SegmentRecord,
} from "./format.js";
import { readIndex } from "./index-codec.js";
import { naming } from "./naming.js";
import type { RawPath } from "./raw-path.js";
import { TAR_END, tarPadding } from "./tar-header.js";
import type { TreeReceiver } from "./tree-receiver.js";
import { decompressFrame } from "./zstd.js";

export interface NativeExtraction {
  /** The archive, as it begins a message. */
  readonly subject: string;
  /** Of an index that `openIndex` has checked. */
  readonly payload: Uint8Array;
  readonly limits: ArchiveLimits;
  readonly receiver: TreeReceiver;
}

/** A segment that is wanted next; the generator gets its tar bytes in return, their hash checked. */
type SegmentReader<T> = Generator<NumberedSegment, T, Buffer>;

interface NumberedSegment {
  readonly number: number;
  readonly segment: SegmentRecord;
}

/**
 * Extracts an archive of ours and takes nothing on trust: each frame must be as long as the index says and give the tar
 * bytes whose SHA-256 it says; each tar header must be, byte for byte, what the index entry makes; each file's content
 * must have the entry's SHA-256; padding must be zeros, and the last segment two zero blocks. The tar headers are never
 * parsed. The index is walked in step with the segments, so memory does not grow with the archive.
 *
 * All methods throw ARCHIVE_DAMAGED, and what the receiver throws.
 */
export class NativeExtractor {
  readonly #extraction: NativeExtraction;
  readonly #frames = new FrameAssembler();
  /** Of one segment at a time: a new buffer for each would wait for the garbage collector by the dozen. */
  readonly #raw = Buffer.allocUnsafeSlow(MAX_FRAME_RAW_BYTES);
  readonly #reader: SegmentReader<void>;
  #wanted: IteratorResult<NumberedSegment, void>;
  #header: IndexHeader | undefined;
  /** Of the directory that the index names as the tenant's. */
  #rootBytes = 0;

  constructor(extraction: NativeExtraction) {
    this.#extraction = extraction;
    this.#reader = this.#readAll();
    this.#wanted = this.#reader.next();
  }

  /** The tenant that the index names. */
  get tenant(): string | undefined {
    return this.#header?.tenant;
  }

  /** Takes the next bytes of the segments' frames. */
  write(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0;) {
      if (this.#wanted.done === true) throw this.#damaged("goes on behind its last segment");
      const { segment } = this.#wanted.value;
      const taken = this.#frames.take(rest, segment.stored);
      rest = rest.subarray(taken.bytes);
      if (taken.frame !== undefined)
        this.#wanted = this.#reader.next(this.#unpack(this.#wanted.value, taken.frame));
    }
  }

  /** After the last byte. */
  end(): void {
    if (this.#wanted.done !== true) throw this.#damaged(`ends within segment ${this.#wanted.value.number}`);
    this.#checkRecord(this.#extraction.receiver.tenantRecordJson);
  }

  /** The record in the archive is that of the tenant whose archive the index says it is; its form is the caller's business. */
  #checkRecord(json: string | undefined): void {
    const { id, uid } = recordOf(json);
    for (const [found, expected] of [
      [id, this.#header?.tenant],
      [uid, this.#header?.uid],
    ])
      if (found !== undefined && found !== expected)
        throw damaged(
          "tenant",
          `${this.#extraction.subject} is of "${expected}" by its index, and of ${JSON.stringify(found)} by its tenant.json.`,
          { entry: "tenant.json" },
        );
  }

  #unpack({ number, segment }: NumberedSegment, frame: Uint8Array): Buffer {
    const raw = naming(`${this.#extraction.subject}, segment ${number}`, () =>
      decompressFrame(frame, segment.raw, this.#raw),
    );
    if (hash("sha256", raw, "hex") !== segment.sha256)
      throw this.#damaged(`has other bytes in segment ${number} than its index says`, "segment hash");
    return raw;
  }

  *#readAll(): SegmentReader<void> {
    const { payload, limits } = this.#extraction;
    let raw: Buffer = TAR_END;
    let kind: SegmentRecord["kind"] = "end";
    let pieces: NumberedSegment[] = [];
    for (const line of readIndex(payload, limits)) {
      if (line.kind === "header") {
        this.#header = line.header;
        this.#rootBytes = line.header.root.length;
      } else if (line.kind === "segment") {
        if (line.segment.kind === "piece") {
          // The pieces stand before their file's entry in the index; they are asked for when it is known.
          pieces.push(line);
          continue;
        }
        kind = line.segment.kind;
        pieces = [];
        raw = yield line;
        if (kind === "end" && !raw.equals(TAR_END))
          throw this.#damaged("has no two zero blocks at the end of its tar", "tar end");
      } else if (kind === "head") {
        yield* this.#largeFile(line.entry, raw, pieces);
      } else {
        this.#packed(line.entry, raw);
      }
    }
  }

  /** An entry that lies in its segment whole. */
  #packed(entry: EntryRecord, raw: Buffer): void {
    const { subject, receiver } = this.#extraction;
    const start = checkedHeaderEnd(subject, entry, raw);
    const path = this.#relative(entry);
    if (entry.type === "directory") {
      receiver.directory(path, entry.mode, entry.mtimeNs);
    } else if (entry.type === "symlink") {
      if (entry.target !== undefined) receiver.symlink(path, entry.target, entry.mtimeNs);
    } else {
      const content = raw.subarray(start, start + entry.size);
      checkPadding(
        subject,
        entry,
        raw.subarray(start + entry.size, start + entry.size + tarPadding(entry.size)),
      );
      checkContent(subject, entry, hash("sha256", content, "hex"));
      receiver.beginFile(path, entry.mode, entry.mtimeNs, entry.size);
      receiver.content(content);
      receiver.endFile();
    }
  }

  /** A file with a head of its own, piece by piece. */
  *#largeFile(entry: EntryRecord, head: Buffer, pieces: readonly NumberedSegment[]): SegmentReader<void> {
    const { subject, receiver } = this.#extraction;
    checkedHeaderEnd(subject, entry, head);
    const sha256 = createHash("sha256");
    receiver.beginFile(this.#relative(entry), entry.mode, entry.mtimeNs, entry.size);
    let left = entry.size;
    for (const piece of pieces) {
      const raw = yield piece;
      const content = raw.subarray(0, left);
      checkPadding(subject, entry, raw.subarray(content.length));
      sha256.update(content);
      receiver.content(content);
      left -= content.length;
    }
    checkContent(subject, entry, sha256.digest("hex"));
    receiver.endFile();
  }

  #relative(entry: EntryRecord): RawPath {
    return entry.path.slice(this.#rootBytes + 1) as RawPath;
  }

  #damaged(how: string, rule: FormatRule = "object layout"): BackupError {
    return damaged(rule, `${this.#extraction.subject} ${how}.`);
  }
}

/** What a `tenant.json` says of the tenant's identity. */
function recordOf(json: string | undefined): { readonly id?: string; readonly uid?: string } {
  if (json === undefined) return {};
  try {
    const { id, uid } = Object(JSON.parse(json)) as { readonly id?: unknown; readonly uid?: unknown };
    return { ...(typeof id === "string" && { id }), ...(typeof uid === "string" && { uid }) };
  } catch {
    return {};
  }
}
