/** The segments of a base, a few bytes each: where they stand in its object, and the SHA-256 of what is in them. */
import type { SegmentKind, SegmentRecord } from "../format.js";
import { readOpened } from "../index-codec.js";
import { NumberColumn } from "../number-column.js";
import { PieceSet, SHA256_BYTES } from "./piece-set.js";

/**
 * Pieces whose frames are smaller are not looked for: they are holes, or nearly, and made again faster than a request for
 * them is sent.
 */
const LEAST_REUSED_PIECE = 64 * 1024;

export class BaseSegments {
  readonly count: number;
  readonly #kinds: SegmentKind[] = [];
  readonly #offsets = new NumberColumn();
  readonly #stored = new NumberColumn(Uint32Array);
  readonly #raw = new NumberColumn(Uint32Array);
  readonly #sha256: Uint8Array;
  readonly #byHash: ReadonlyMap<string, number>;

  /** `payload`: of an index that was opened, and so checked, before. */
  constructor(payload: Uint8Array) {
    const segments = segmentsOf(payload);
    const { length } = segments;
    this.count = length;
    this.#sha256 = new Uint8Array(length * SHA256_BYTES);
    const byHash = new Map<string, number>();
    segments.forEach(({ kind, offset, stored, raw, sha256 }, number) => {
      this.#kinds.push(kind);
      this.#offsets.set(number, offset);
      this.#stored.set(number, stored);
      this.#raw.set(number, raw);
      this.#sha256.set(Buffer.from(sha256, "hex"), number * SHA256_BYTES);
      if (kind === "piece" && stored >= LEAST_REUSED_PIECE && !byHash.has(sha256)) byHash.set(sha256, number);
    });
    this.#byHash = byHash;
  }

  get(number: number): SegmentRecord {
    const kind = this.#kinds[number];
    if (kind === undefined) throw new RangeError(`The base has no segment ${number}.`);
    return {
      kind,
      offset: this.#offsets.get(number),
      stored: this.#stored.get(number),
      raw: this.#raw.get(number),
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
      if (this.#offsets.get(middle) <= offset) low = middle;
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

function segmentsOf(payload: Uint8Array): SegmentRecord[] {
  const segments: SegmentRecord[] = [];
  for (const line of readOpened(payload, () => false))
    if (line.kind === "segment") segments.push(line.segment);
  return segments;
}
