import type { PartBuffer } from "./part-buffers.js";

/** The new bytes of an upload that wait for their part to be cut: as they came, not copied. */
export class FreshBytes {
  #chunks: Uint8Array[] = [];

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** Moves the first `bytes`, which must be here, into a part. */
  moveTo(part: PartBuffer, bytes: number): void {
    let left = bytes;
    const kept: Uint8Array[] = [];
    for (const chunk of this.#chunks) {
      const taken = chunk.subarray(0, left);
      if (taken.length > 0) part.append(taken);
      if (taken.length < chunk.length) kept.push(chunk.subarray(taken.length));
      left -= taken.length;
    }
    this.#chunks = kept;
  }
}
