import { createHash } from "node:crypto";

/** Collects the bytes of one part. Its memory belongs to a {@link PartBuffers} and goes back there. */
export class PartBuffer {
  readonly memory: Buffer;
  readonly #hash = createHash("md5");
  #length = 0;

  constructor(memory: Buffer) {
    this.memory = memory;
  }

  get bytes(): Buffer {
    return this.memory.subarray(0, this.#length);
  }

  /** Copies `chunk`, for which there must be room. */
  append(chunk: Uint8Array): void {
    this.memory.set(chunk, this.#length);
    this.#hash.update(chunk);
    this.#length += chunk.length;
  }

  /** Of the bytes: for `Content-MD5`, the one checksum that every store verifies. To be called once, when all are in. */
  md5(): Buffer {
    return this.#hash.digest();
  }
}

/**
 * Hands out memory for parts and takes it back, so that an upload of any length uses the same few buffers: left to the
 * garbage collector, buffers of this size pile up by the hundred megabytes before it runs.
 */
export class PartBuffers {
  #idle: Buffer[] = [];

  /** With room for `size` bytes at least. */
  take(size: number): PartBuffer {
    // A larger part size means that the smaller buffers are of no use any more.
    this.#idle = this.#idle.filter((memory) => memory.length >= size);
    return new PartBuffer(this.#idle.pop() ?? Buffer.allocUnsafeSlow(size));
  }

  giveBack(part: PartBuffer): void {
    this.#idle.push(part.memory);
  }
}
