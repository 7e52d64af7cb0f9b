/** Adds up what truly changed in a tenant: the bytes themselves, and what they come to when they are compressed. */
import { FrameCompressor } from "@openclaw/gateway-plugin-backup/testing";

export interface Changed {
  /** Bytes of content. */
  readonly bytes: number;
  /** The same, compressed with zstd at level 3 in frames of 4 MiB. */
  readonly compressedBytes: number;
}

const LEVEL = 3;
const FRAME_BYTES = 4 * 1024 * 1024;

export class Tally {
  #bytes = 0;
  #compressed = 0;
  readonly #compressor = new FrameCompressor(LEVEL);
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  add(content: Buffer): void {
    this.#bytes += content.length;
    for (let offset = 0; offset < content.length;) {
      const taken = content.subarray(offset, offset + FRAME_BYTES - this.#waitingBytes);
      this.#waiting.push(taken);
      this.#waitingBytes += taken.length;
      offset += taken.length;
      if (this.#waitingBytes === FRAME_BYTES) this.#compress();
    }
  }

  /** Everything since the beginning. */
  total(): Changed {
    if (this.#waitingBytes > 0) this.#compress();
    return { bytes: this.#bytes, compressedBytes: this.#compressed };
  }

  #compress(): void {
    this.#compressed += this.#compressor.compress(Buffer.concat(this.#waiting)).length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
