/** Bytes of a SHA-256. */
export const SHA256_BYTES = 32;

/** A set of SHA-256 values that goes from thread to thread as one block of bytes. */
export class PieceSet {
  /** Sorted, one value behind the other. */
  readonly bytes: Uint8Array;

  /** `bytes`: those of another set. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** From values of 64 hex digits. */
  static of(values: Iterable<string>): PieceSet {
    // Hex digits sort as the bytes do.
    return new PieceSet(Buffer.from([...values].sort().join(""), "hex"));
  }

  /** `sha256`: the 32 bytes. */
  has(sha256: Uint8Array): boolean {
    let low = 0;
    for (let high = this.bytes.length / SHA256_BYTES; low < high;) {
      const middle = (low + high) >>> 1;
      const place = this.bytes.subarray(middle * SHA256_BYTES, (middle + 1) * SHA256_BYTES);
      const order = Buffer.compare(place, sha256);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}
