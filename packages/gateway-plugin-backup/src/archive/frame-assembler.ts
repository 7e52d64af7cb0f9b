/** Puts frames together from chunks that were cut anywhere. A frame that lies whole in a chunk is not copied. */
export class FrameAssembler {
  #buffer = Buffer.alloc(0);
  #length = 0;

  /**
   * Takes what is missing of a frame of `size` bytes from the front of `chunk`. `bytes` says how much that was; `frame`
   * is there when it is complete, and valid until the next call.
   */
  take(chunk: Uint8Array, size: number): { readonly bytes: number; readonly frame?: Uint8Array } {
    if (this.#length === 0 && chunk.length >= size) return { bytes: size, frame: chunk.subarray(0, size) };
    if (this.#buffer.length < size)
      this.#buffer = Buffer.concat([this.#buffer.subarray(0, this.#length)], size);
    const bytes = Math.min(size - this.#length, chunk.length);
    this.#buffer.set(chunk.subarray(0, bytes), this.#length);
    this.#length += bytes;
    if (this.#length < size) return { bytes };
    this.#length = 0;
    return { bytes, frame: this.#buffer.subarray(0, size) };
  }
}
