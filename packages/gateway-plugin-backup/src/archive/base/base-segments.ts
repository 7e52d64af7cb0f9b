/** The segments of a base, a few bytes each: where they stand in its object, and the SHA-256 of what is in them. */
import type { ArchiveLimits, SegmentKind, SegmentRecord } from "../format.js";
import { readIndex } from "../index-codec.js";
import { PieceSet, SHA256_BYTES } from "./piece-set.js";

const KINDS: readonly SegmentKind[] = ["pack", "head", "piece", "dirs", "end"];

/**
 * Pieces whose frames are smaller are not looked for: they are holes, or nearly, and made again faster than a request for
 * them is sent.
 */
const LEAST_REUSED_PIECE = 64 * 1024;

export class BaseSegments {
  readonly count: number;
  readonly #kinds: Uint8Array;
  readonly #offsets: Float64Array;
  readonly #stored: Uint32Array;
  readonly #raw: Uint32Array;
  readonly #sha256: Uint8Array;
  readonly #byHash: ReadonlyMap<string, number>;

  /** `payload`: of an index that was opened, and so checked, before. */
  constructor(payload: Uint8Array, limits: ArchiveLimits) {
    const segments = segmentsOf(payload, limits);
    const { length } = segments;
    this.count = length;
    this.#kinds = Uint8Array.from(segments, ({ kind }) => KINDS.indexOf(kind));
    this.#offsets = Float64Array.from(segments, ({ offset }) => offset);
    this.#stored = Uint32Array.from(segments, ({ stored }) => stored);
    this.#raw = Uint32Array.from(segments, ({ raw }) => raw);
    this.#sha256 = new Uint8Array(length * SHA256_BYTES);
    const byHash = new Map<string, number>();
    segments.forEach(({ kind, stored, sha256 }, number) => {
      this.#sha256.set(Buffer.from(sha256, "hex"), number * SHA256_BYTES);
      if (kind === "piece" && stored >= LEAST_REUSED_PIECE && !byHash.has(sha256)) byHash.set(sha256, number);
    });
    this.#byHash = byHash;
  }

  get(number: number): SegmentRecord {
    const kind = KINDS[this.#kinds[number] ?? -1];
    if (kind === undefined) throw new RangeError(`The base has no segment ${number}.`);
    return {
      kind,
      offset: this.#offsets[number] ?? 0,
      stored: this.#stored[number] ?? 0,
      raw: this.#raw[number] ?? 0,
      sha256: Buffer.from(this.#sha256.subarray(number * SHA256_BYTES, (number + 1) * SHA256_BYTES)).toString(
        "hex",
      ),
    };
  }

  /** Number of the segment that holds byte `offset` of the object; of the last for what lies behind it. */
  at(offset: number): number {
    let low = 0;
    for (let high = this.count; low + 1 < high;) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The pieces that may be taken over. */
  pieces(): PieceSet {
    return PieceSet.of(this.#byHash.keys());
  }

  /**
   * Number of a piece with this SHA-256: at best the one behind `previous`, so that runs are long. Throws a RangeError
   * for a hash that is none of {@link pieces}.
   */
  piece(sha256: string, previous: number | undefined): number {
    const next = previous === undefined ? this.count : previous + 1;
    if (next < this.count && this.get(next).sha256 === sha256) return next;
    const number = this.#byHash.get(sha256);
    if (number === undefined) throw new RangeError(`The base has no piece ${sha256}.`);
    return number;
  }
}

function segmentsOf(payload: Uint8Array, limits: ArchiveLimits): SegmentRecord[] {
  const segments: SegmentRecord[] = [];
  for (const line of readIndex(payload, limits)) if (line.kind === "segment") segments.push(line.segment);
  return segments;
}
