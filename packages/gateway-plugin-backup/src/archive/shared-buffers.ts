import { SEGMENT_BYTES } from "./format.js";
import { maxFrameBytes } from "./zstd.js";

/**
 * Shared memory that one archive after the other uses in the same thread. V8 does not count shared memory when it decides to
 * collect garbage: what each archive allocated for itself would pile up by the hundred megabytes.
 */
export class SharedBuffers {
  readonly #bytes: number;
  readonly #free: SharedArrayBuffer[] = [];

  /** @param bytes Size of each buffer. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A buffer with any content. */
  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(this.#bytes);
  }

  /** To be called when no other thread has any of them any more. */
  giveBack(buffers: readonly SharedArrayBuffer[]): void {
    this.#free.push(...buffers);
  }
}

/** For segments before they are compressed. */
export const segmentBuffers = new SharedBuffers(SEGMENT_BYTES);
/** For segments as they are stored. */
export const frameBuffers = new SharedBuffers(maxFrameBytes(SEGMENT_BYTES));
