/**
 * Writes an archive as a stream of frames. Runs on the event loop of the job thread, which only passes buffers on:
 *
 *   reader thread ── segments ──▶ compress threads ── frames, in order ──▶ index, consumer
 *
 * With a base, the reader first finds out what has not changed: that comes first, as ranges of the base's object. Pieces
 * of large files that stand in the base are not compressed again either.
 *
 * The raw buffers are a fixed pool that travels this way and goes back to the reader when a frame's turn has come; those
 * of the frames are used again, too, and all of them by the thread's next archive. So memory does not depend on the tenant's size, nothing waits for a garbage
 * collection, and a slow consumer stops the reader.
 */
import { createHash, type KeyObject } from "node:crypto";
import { join } from "node:path";
import type { BaseSegments } from "./base/base-segments.js";
import type { Run } from "./base/survivors.js";
import { copiedRanges, takeOver } from "./base/take-over.js";
import type { BaseRange } from "./base/take-over.js";
import { BackupError, toBackupError } from "../errors.js";
import { CompressThreads } from "./compress-threads.js";
import { readEntries } from "./entry-batch.js";
import { FORMAT_VERSION, INDEX_FRAME_MAGIC, SEGMENT_BYTES } from "./format.js";
import type { ArchiveTotals, ArchiveWarning, SegmentRecord } from "./format.js";
import { skippableHeader } from "./frames.js";
import { ownerName } from "./gateway-parts.js";
import { IndexWriter } from "./index-codec.js";
import type { Excluded } from "./left-out.js";
import { ReaderThread } from "./reader-thread-client.js";
import { abortReason } from "./scan.js";
import { encodeSeekTable } from "./seek-table.js";
import type { FrameSize } from "./seek-table.js";
import { frameBuffers, segmentBuffers } from "./shared-buffers.js";
import { IndexSigner } from "./signature.js";
import { Spool } from "./spool.js";
import { tarPadding } from "./tar-header.js";
import type { ScanTotals } from "./tenant-scan.js";
import { subjectOf } from "./tenant-source.js";
import type { TenantSource } from "./tenant-source.js";
import type { FromCompressor, FromReader, RawSegment } from "./threads/messages.js";
import { Turns } from "./turns.js";

export interface WriteRequest extends TenantSource {
  readonly uid: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Program and version, for the index. */
  readonly producer: string;
  /** zstd level, 1 to 19. */
  readonly level: number;
  readonly compressionThreads: number;
  /** An existing directory on the state's file system, for copies of databases. The caller removes it at the end. */
  readonly temporaryDirectory: string;
  /** The private key that signs the index: see `signature.ts`. Undefined: the archive has no signature. */
  readonly signingKey?: KeyObject | undefined;
  /** An earlier archive of this tenant, with the same root. */
  readonly base?: WriteBase | undefined;
  readonly signal: AbortSignal;
  /** Called for every frame. */
  onProgress(progress: WriteProgress): void;
}

export interface WriteBase {
  /** Of its index, which was opened, and so checked, before; at best in shared memory. */
  readonly payload: Uint8Array;
  /** Of the same index. */
  readonly segments: BaseSegments;
  /** See `base/facts.ts`; undefined: every file is read and compared. */
  readonly states: Uint8Array | undefined;
}

/** Bytes of the base's object that the archive goes on with. */
export interface CopiedRange {
  readonly copy: BaseRange;
}

export interface WriteProgress {
  readonly phase: "scan" | "write";
  /** Of the scan, while that runs; then what the frames so far hold. */
  readonly files: number;
  readonly contentBytes: number;
  /** What the scan has found so far; a tenant that changes may have more or less in the end. */
  readonly totalFiles: number;
  readonly totalContentBytes: number;
  readonly tarBytes: number;
  readonly storedBytes: number;
}

export interface WriteSummary {
  readonly totals: ArchiveTotals;
  /** Size of the archive. */
  readonly storedBytes: number;
  /** Of these, what stands behind the segments: index, signature, and seek table. */
  readonly tailBytes: number;
  /** Of the index frame as stored, its header included; 64 hex digits. */
  readonly indexSha256: string;
  readonly warnings: readonly ArchiveWarning[];
  readonly databases: number;
  readonly excluded: Excluded;
  /** Content bytes that the scan found. */
  readonly plannedBytes: number;
  /** Bytes that were read of the tenant's files and of its databases' copies. */
  readonly bytesRead: number;
  /** For the next archive that has this one as its base: see `base/facts.ts`. */
  readonly states: Uint8Array;
  /** The segments that were taken over from the base, as they stand in this archive. */
  readonly takenOver: readonly SegmentRecord[];
}

export interface ArchiveStream {
  /**
   * The archive, frame by frame; the bytes of a chunk hold only until the next one is asked for. Threads start with the first frame asked for, and have ended when the iteration has,
   * however it ends. Throws FILE_UNREADABLE, DATABASE_UNREADABLE, UNSAFE_ENTRY, LIMIT_EXCEEDED, DISK_FULL,
   * JOB_THREAD_FAILED, or the signal's reason.
   */
  readonly chunks: AsyncIterable<Uint8Array | CopiedRange>;
  /** Resolves when the last frame was taken; rejects with what `chunks` throws. */
  readonly summary: Promise<WriteSummary>;
}

/** Segments beyond those being compressed: one being filled, one whose frame waits for its turn. */
const BUFFERS_BEYOND_COMPRESSION = 2;

export function writeArchive(request: WriteRequest): ArchiveStream {
  const writing = new ArchiveWriting(request);
  return { chunks: writing.chunks(), summary: writing.summary };
}

type ReaderResult = Extract<FromReader, { type: "read" }>;

interface Scanned {
  readonly runs: readonly Run[];
}

/** What is left to know of a segment once its memory has gone to a compress thread. */
type SegmentShape = Pick<RawSegment, "kind" | "raw">;

interface CompressedSegment {
  readonly segment: SegmentShape;
  readonly result: FromCompressor;
}

class ArchiveWriting {
  readonly summary: Promise<WriteSummary>;
  readonly #request: WriteRequest;
  readonly #source: TenantSource;
  /** What is taken over is the first, the reader's summary the last. */
  readonly #turns = new Turns<Scanned | CompressedSegment | ReaderResult>();
  readonly #spool: Spool;
  readonly #index: IndexWriter;
  readonly #frames: FrameSize[] = [];
  /** Free for frames. There are as many in use as segments on their way, and the one that the consumer has. */
  readonly #outputs: SharedArrayBuffer[] = [];
  readonly #allOutputs: SharedArrayBuffer[] = [];
  readonly #takenOver: SegmentRecord[] = [];
  /** Number in the base of the piece that was taken over last. */
  #lastPiece: number | undefined;
  #storedBytes = 0;
  #contentBytes = 0;
  #scanned: ScanTotals = { entries: 0, files: 0, directories: 0, symlinks: 0, contentBytes: 0 };
  #resolve: ((summary: WriteSummary) => void) | undefined;
  #reject: ((error: BackupError) => void) | undefined;

  constructor(request: WriteRequest) {
    const { directory, root, tenant, limits, exclude, allowUnreadable, leaveOut, copies } = request;
    this.#request = request;
    this.#spool = new Spool(join(request.temporaryDirectory, "index"));
    this.#index = new IndexWriter(this.#spool);
    this.#source = {
      directory,
      root,
      tenant,
      limits,
      exclude,
      allowUnreadable,
      ...(leaveOut === undefined ? {} : { leaveOut }),
      ...(copies === undefined ? {} : { copies }),
    };
    this.summary = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The consumer of the chunks gets the same error; nobody has to look at both.
    this.summary.catch(() => undefined);
  }

  async *chunks(): AsyncGenerator<Uint8Array | CopiedRange, void, void> {
    const { signal, level, compressionThreads, temporaryDirectory, base } = this.#request;
    const subject = subjectOf(this.#source);
    const abort = (): void => {
      this.#turns.fail(abortReason(signal, this.#source));
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    const knownPieces = base?.segments.pieces().bytes ?? new Uint8Array(0);
    const compressors = new CompressThreads(compressionThreads, { level, knownPieces }, subject);
    const reader = new ReaderThread(
      {
        source: this.#source,
        temporaryDirectory,
        base: base && { payload: base.payload, states: base.states },
      },
      {
        onMessage: (message) => {
          this.#receive(message, compressors);
        },
        onFailed: (error) => {
          this.#turns.fail(error);
        },
      },
    );
    const buffers = Array.from({ length: compressionThreads + BUFFERS_BEYOND_COMPRESSION }, () =>
      segmentBuffers.take(),
    );
    for (const buffer of buffers) reader.giveBuffer(buffer);
    // With a base there may be nothing to read.
    if (base === undefined) reader.prepareHelper();
    try {
      for await (const turn of this.#turns) {
        if ("summary" in turn) {
          yield* this.#tail(turn);
          continue;
        }
        if ("runs" in turn) {
          if (base !== undefined) yield* this.#takeOver(base, turn.runs);
          continue;
        }
        const { segment, result } = turn;
        const { stored } = result;
        reader.giveBuffer(result.buffer);
        if (stored !== undefined) {
          this.#record(segment, stored, result);
          yield new Uint8Array(result.output, 0, stored);
        } else if (base !== undefined) {
          yield this.#takePiece(base, segment, result);
        }
        this.#outputs.push(result.output);
      }
    } catch (error) {
      const failure = toBackupError(error, `write the archive of ${ownerName(this.#source.tenant)}`);
      this.#reject?.(failure);
      throw failure;
    } finally {
      signal.removeEventListener("abort", abort);
      // Has no effect when it was settled before.
      this.#reject?.(new BackupError("JOB_CANCELLED", `${subject}: its archive was not read to the end.`));
      this.#spool.close();
      await Promise.all([reader.stop(), compressors.stop()]);
      segmentBuffers.giveBack(buffers);
      frameBuffers.giveBack(this.#allOutputs);
    }
  }

  #receive(message: Exclude<FromReader, { type: "helper" | "failed" }>, compressors: CompressThreads): void {
    if (message.type === "segment") {
      const { segment } = message;
      const { kind, raw } = segment;
      const output = this.#outputs.pop() ?? this.#newOutput();
      const compressed = compressors.compress({ ...segment, output });
      this.#turns.add(compressed.then((result) => ({ segment: { kind, raw }, result })));
    } else if (message.type === "read") {
      this.#turns.add(Promise.resolve(message));
      this.#turns.end();
    } else if (message.type !== "planned") {
      this.#scanned = message.totals;
      this.#report("scan");
      if (this.#request.base === undefined)
        compressors.prepare(Math.ceil(this.#scanned.contentBytes / SEGMENT_BYTES));
      if (message.type === "scanned") this.#turns.add(Promise.resolve({ runs: message.runs }));
    }
  }

  #newOutput(): SharedArrayBuffer {
    const output = frameBuffers.take();
    this.#allOutputs.push(output);
    return output;
  }

  async *#takeOver(base: WriteBase, runs: readonly Run[]): AsyncGenerator<CopiedRange, void, void> {
    // All of them first: a store that copies by itself does so while the index is made and the rest is read.
    for (const copy of copiedRanges(base.segments, runs)) yield { copy };
    for await (const line of takeOver(base.payload, this.#source.limits, runs)) {
      if (line.kind === "segment") {
        this.#addSegment(line.segment);
        this.#takenOver.push(line.segment);
      } else {
        this.#index.addEntry(line.entry);
        this.#contentBytes += line.entry.size;
      }
    }
    this.#report("write");
  }

  /** A piece that stands in the base. */
  #takePiece(base: WriteBase, segment: SegmentShape, result: FromCompressor): CopiedRange {
    const number = base.segments.piece(result.sha256, this.#lastPiece);
    const { offset, stored } = base.segments.get(number);
    this.#lastPiece = number;
    this.#takenOver.push(this.#record(segment, stored, result));
    return { copy: { start: offset, end: offset + stored } };
  }

  #record(
    { kind, raw }: SegmentShape,
    stored: number,
    { sha256, entries }: Pick<FromCompressor, "sha256" | "entries">,
  ): SegmentRecord {
    const segment = { kind, offset: this.#storedBytes, stored, raw, sha256 };
    this.#addSegment(segment);
    // All pieces but the last, which comes with the entry, are content to their end.
    if (kind === "piece") this.#contentBytes += raw;
    for (const entry of readEntries(entries)) {
      this.#index.addEntry(entry);
      if (kind === "pack") this.#contentBytes += entry.size;
      if (kind === "piece") this.#contentBytes -= tarPadding(entry.size);
    }
    this.#report("write");
    return segment;
  }

  /** Index, signature, and seek table. */
  *#tail({ summary: read, excluded }: ReaderResult): Generator<Uint8Array, void, void> {
    const { tenant, uid, root, createdAt, producer, signingKey } = this.#request;
    const { totals } = this.#index;
    const { bytes, pieces } = this.#index.finish({
      format: FORMAT_VERSION,
      tenant,
      uid,
      root,
      createdAt,
      producer,
      totals,
      warnings: read.warnings,
    });
    const segmentsEnd = this.#storedBytes;
    const header = skippableHeader(INDEX_FRAME_MAGIC, bytes);
    const digest = createHash("sha256");
    const signer = signingKey && new IndexSigner(signingKey, header.length + bytes);
    for (const piece of inTurn(header, pieces)) {
      digest.update(piece);
      signer?.update(piece);
      yield piece;
    }
    this.#addFrame(header.length + bytes, 0);
    if (signer !== undefined) {
      const signature = signer.frame();
      yield signature;
      this.#addFrame(signature.length, 0);
    }
    const seekTable = encodeSeekTable(this.#frames);
    yield seekTable;
    this.#resolve?.({
      totals,
      storedBytes: this.#storedBytes + seekTable.length,
      tailBytes: this.#storedBytes + seekTable.length - segmentsEnd,
      indexSha256: digest.digest("hex"),
      excluded,
      plannedBytes: this.#scanned.contentBytes,
      takenOver: this.#takenOver,
      ...read,
    });
  }

  #addSegment(segment: SegmentRecord): void {
    this.#index.addSegment(segment);
    this.#addFrame(segment.stored, segment.raw);
  }

  #addFrame(stored: number, raw: number): void {
    this.#frames.push({ stored, raw });
    this.#storedBytes += stored;
  }

  #report(phase: WriteProgress["phase"]): void {
    const { files, tarBytes } = this.#index.totals;
    this.#request.onProgress({
      phase,
      files: phase === "scan" ? this.#scanned.files : files,
      contentBytes: phase === "scan" ? this.#scanned.contentBytes : this.#contentBytes,
      totalFiles: this.#scanned.files,
      totalContentBytes: this.#scanned.contentBytes,
      tarBytes,
      storedBytes: this.#storedBytes,
    });
  }
}

function* inTurn(first: Uint8Array, others: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
  yield first;
  yield* others;
}
