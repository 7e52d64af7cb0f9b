import type { PartBuffer } from "./part-buffers.js";

const NOTHING = Buffer.alloc(0);

/**
 * The new bytes of an upload that wait for their part to be cut. They are kept in one block of memory, which is used again
 * and again: a copy of its own for every chunk keeps V8's garbage collection busy all the time.
 */
export class FreshBytes {
  #memory = NOTHING;
  /** What is kept: from byte `start` to `end - 1` of the memory. */
  #start = 0;
  #end = 0;
  /** Behind what is kept: the caller's, until {@link keep}. */
  #chunk: Uint8Array = NOTHING;

  /** What was added before has been taken or kept. */
  add(chunk: Uint8Array): void {
    this.#chunk = chunk;
  }

  /** Copies what no part has taken yet: the memory that was added is the caller's again. */
  keep(): void {
    const kept = this.#end - this.#start;
    const needed = kept + this.#chunk.length;
    if (this.#start + needed > this.#memory.length) {
      const isTooSmall = needed > this.#memory.length;
      const memory = isTooSmall
        ? Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#memory.length))
        : this.#memory;
      memory.set(this.#memory.subarray(this.#start, this.#end));
      this.#memory = memory;
      this.#start = 0;
      this.#end = kept;
    }
    this.#memory.set(this.#chunk, this.#end);
    this.#end += this.#chunk.length;
    this.#chunk = NOTHING;
  }

  /** Moves the first `bytes`, which must be here, into a part. */
  moveTo(part: PartBuffer, bytes: number): void {
    const kept = Math.min(bytes, this.#end - this.#start);
    part.append(this.#memory.subarray(this.#start, this.#start + kept));
    this.#start += kept;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    part.append(this.#chunk.subarray(0, bytes - kept));
    this.#chunk = this.#chunk.subarray(bytes - kept);
  }
}
