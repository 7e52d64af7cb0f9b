/** What the job thread and its worker threads tell each other. */
import type { SerializedError } from "../../errors.js";
import type { Run } from "../base/survivors.js";
import type { SegmentKind } from "../format.js";
import type { Excluded } from "../left-out.js";
import type { HelperReply, HelperRequest } from "../sqlite/protocol.js";
import type { ReadSummary } from "../tenant-reader.js";
import type { DryRun, ScanTotals } from "../tenant-scan.js";
import type { TenantSource } from "../tenant-source.js";

/** Start of the reader thread: one pass to scan, and a second one to read, except in a dry run. */
export type ReaderStart = { readonly source: TenantSource } & (
  | BackupStart
  | {
      /** `planFile` takes the complete list, if there is to be one. */
      readonly dryRun: { readonly planFile: string | undefined };
    }
);

export interface BackupStart {
  /** For copies of databases. */
  readonly temporaryDirectory: string;
  readonly base: BaseStart | undefined;
}

/** The archive whose bytes may be taken over. */
export interface BaseStart {
  /** Of its index frame; opened, and so checked, before. */
  readonly payload: Uint8Array;
  /** What is known of its entries: see `base/facts.ts`. Undefined: nothing. */
  readonly states: Uint8Array | undefined;
}

export type ToReader =
  /** A buffer of SEGMENT_BYTES, transferred: leave to fill it. */
  | { readonly type: "buffer"; readonly buffer: ArrayBuffer }
  | ({ readonly type: "helper" } & HelperReply)
  | { readonly type: "helper-failed"; readonly id: number; readonly error: SerializedError };

export type FromReader =
  /** What the first pass has found so far, and in all. */
  | { readonly type: "scanning"; readonly totals: ScanTotals }
  /** `runs`: what of the base the archive begins with. */
  | { readonly type: "scanned"; readonly totals: ScanTotals; readonly runs: readonly Run[] }
  /** The result of a dry run. */
  | { readonly type: "planned"; readonly plan: DryRun }
  /** A question to the helper process. */
  | ({ readonly type: "helper" } & HelperRequest)
  | { readonly type: "segment"; readonly segment: RawSegment }
  | { readonly type: "read"; readonly summary: ReadSummary; readonly excluded: Excluded }
  | { readonly type: "failed"; readonly error: SerializedError };

/** A segment on its way through the threads; the memory of `buffer` and `entries` is transferred. */
export interface RawSegment {
  readonly kind: SegmentKind;
  readonly buffer: ArrayBuffer;
  /** Bytes of the buffer that are the segment's. */
  readonly raw: number;
  /** See `entry-batch.ts`. */
  readonly entries: Uint8Array<ArrayBuffer>;
  /** Of the segment's bytes, where it is known already. */
  readonly sha256: Uint8Array | undefined;
}

export interface CompressStart {
  readonly level: number;
  /** Pieces that need not be compressed: the bytes of a `PieceSet`. */
  readonly knownPieces: Uint8Array;
}

/** A segment to be hashed and compressed. All memory is transferred, there and back. */
export interface ToCompressor extends RawSegment {
  /** Takes the frame; large enough for any segment's. */
  readonly output: ArrayBuffer;
}

export interface FromCompressor {
  readonly buffer: ArrayBuffer;
  /** With all hashes. */
  readonly entries: Uint8Array<ArrayBuffer>;
  readonly output: ArrayBuffer;
  /** Bytes at the front of `output` that are the frame; undefined for a known piece. */
  readonly stored: number | undefined;
  /** Of the raw bytes, 64 hex digits. */
  readonly sha256: string;
}
