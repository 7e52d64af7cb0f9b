/** From an archive's stored bytes to its tar stream, for archives without our index. */
import { finished } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import binding from "zstd-napi/binding.js";
import { BackupError, toBackupError } from "../errors.js";
import { damaged } from "./damage.js";
import { type ArchiveLimits, INDEX_FRAME_MAGIC } from "./format.js";
import { RatioGuard } from "./limits.js";
import { messageOf } from "../system-error.js";

export interface Unpacker {
  /** Takes the next stored bytes; they must stay as they are until it is done with them. Throws ARCHIVE_DAMAGED, LIMIT_EXCEEDED. */
  write(chunk: Uint8Array): Promise<void> | void;
  /** After the last byte. Throws ARCHIVE_DAMAGED when the archive was cut off or something stands behind its end. */
  end(): Promise<void> | void;
}

export interface UnpackOptions {
  /** The archive, as it begins a message. */
  readonly subject: string;
  readonly limits: ArchiveLimits;
  /** Gets the tar bytes in order; they are only valid during the call. */
  readonly output: (bytes: Uint8Array) => void;
}

const OUTPUT_BYTES = 256 * 1024;

export function createUnpacker(format: "zstd" | "gzip" | "tar", options: UnpackOptions): Unpacker {
  switch (format) {
    case "zstd":
      return new ZstdUnpacker(options);
    case "gzip":
      return new GzipUnpacker(options);
    case "tar":
      return { write: options.output, end: () => undefined };
  }
}

/**
 * Any number of zstd frames, skippable ones included. Uses the low-level binding, because zstd-napi's DecompressStream
 * puts all that comes out of one chunk into memory, which a hostile chunk makes as large as it likes. Frames may have
 * windows up to 128 MiB, zstd's own default for decompression; that is what this can take of memory at most.
 */
class ZstdUnpacker implements Unpacker {
  readonly #options: UnpackOptions;
  readonly #ratio: RatioGuard;
  readonly #context = new binding.DCtx();
  readonly #buffer = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  /** The first bytes of the frame at hand: its magic number. */
  readonly #magic = Buffer.alloc(4);
  #frameBytes = 0;
  #storedBytes = 0;
  #tarBytes = 0;
  #inFrame = false;

  constructor(options: UnpackOptions) {
    this.#options = options;
    this.#ratio = new RatioGuard(options.limits, options.subject);
  }

  write(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      let full: boolean;
      do {
        const [hint, produced, consumed] = this.#decompress(rest);
        this.#refuseLostEnd(rest.subarray(0, consumed));
        rest = rest.subarray(consumed);
        this.#inFrame = hint !== 0;
        if (!this.#inFrame) this.#frameBytes = 0;
        this.#storedBytes += consumed;
        this.#tarBytes += produced;
        this.#ratio.check(this.#storedBytes, this.#tarBytes);
        if (produced > 0) this.#options.output(this.#buffer.subarray(0, produced));
        // A full buffer inside a frame: there may be more that needs no further input.
        full = produced === this.#buffer.length && this.#inFrame;
      } while (full);
    }
  }

  end(): void {
    if (this.#inFrame) throw broken(this.#options.subject, "ends within a zstd frame: it was cut off");
  }

  /** An index that no seek table led to is one of ours whose end is lost or altered: no other tool's archive. */
  #refuseLostEnd(consumed: Uint8Array): void {
    if (this.#frameBytes < this.#magic.length) {
      this.#magic.set(consumed.subarray(0, this.#magic.length - this.#frameBytes), this.#frameBytes);
      if (
        this.#frameBytes + consumed.length >= this.#magic.length &&
        this.#magic.readUInt32LE() === INDEX_FRAME_MAGIC
      )
        throw damaged("lost end", `${this.#options.subject} has an index, but no seek table leads to it.`, {
          hint: "It was cut off or altered. Restore an older archive, or unpack this one by hand with `zstd -dc` and `tar`.",
        });
    }
    this.#frameBytes += consumed.length;
  }

  #decompress(bytes: Uint8Array): [hint: number, produced: number, consumed: number] {
    try {
      return this.#context.decompressStream(this.#buffer, bytes);
    } catch (error) {
      const reason = messageOf(error);
      if (reason.includes("too much memory"))
        throw new BackupError(
          "LIMIT_EXCEEDED",
          `${this.#options.subject} needs a zstd window over 128 MiB.`,
          {
            hint: "It was compressed with --long or --ultra: decompress it with `zstd -d --long=31` and restore the .tar.",
            details: { rule: "zstd window" },
            cause: error,
          },
        );
      throw broken(this.#options.subject, `cannot be decompressed: ${reason}`, error);
    }
  }
}

/**
 * Any number of gzip members. Node offers no synchronous streaming here: zlib's stream works in libuv's pool, on one of
 * its threads at a time and on pieces of {@link OUTPUT_BYTES}, which leaves the pool to the gateway.
 */
class GzipUnpacker implements Unpacker {
  readonly #options: UnpackOptions;
  readonly #ratio: RatioGuard;
  readonly #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  #givenBytes = 0;
  /** Where the zeros begin that end what was given so far. */
  #trailingZeros = 0;
  #tarBytes = 0;
  #failure: BackupError | undefined;
  /** Of the write that is under way: zlib does not call back when the stream fails. */
  #reject: ((failure: BackupError) => void) | undefined;

  constructor(options: UnpackOptions) {
    this.#options = options;
    this.#ratio = new RatioGuard(options.limits, options.subject);
    this.#gunzip.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#gunzip.on("error", (error) =>
      this.#fail(broken(options.subject, `cannot be decompressed: ${error.message}`, error)),
    );
  }

  write(chunk: Uint8Array): Promise<void> {
    const end = chunk.findLastIndex((byte) => byte !== 0) + 1;
    if (end > 0) this.#trailingZeros = this.#givenBytes + end;
    this.#givenBytes += chunk.length;
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#gunzip.write(chunk, () => resolve());
    });
  }

  async end(): Promise<void> {
    this.#gunzip.end();
    await finished(this.#gunzip).catch((error: unknown) => this.#fail(error));
    if (this.#failure !== undefined) throw this.#failure;
    // zlib stops where no member follows, and says nothing of what it did not read: zeros there are a tape's padding.
    if (this.#gunzip.bytesWritten < this.#trailingZeros)
      throw broken(this.#options.subject, "has something behind the end of its gzip stream");
  }

  #fail(error: unknown): void {
    this.#failure ??= toBackupError(error, `decompress ${this.#options.subject}`);
    this.#reject?.(this.#failure);
  }

  #receive(bytes: Buffer): void {
    this.#tarBytes += bytes.length;
    try {
      this.#ratio.check(this.#gunzip.bytesWritten, this.#tarBytes);
      this.#options.output(bytes);
    } catch (error) {
      this.#fail(error);
      this.#gunzip.destroy();
    }
  }
}

function broken(subject: string, how: string, cause?: unknown): BackupError {
  return damaged("compression", `${subject} ${how}.`, { cause });
}
