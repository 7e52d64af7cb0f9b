/**
 * zstd frames, one at a time. Synchronous: for worker threads only.
 *
 * This goes to zstd-napi's low-level binding because its `Decompressor` allocates what a frame claims, and its
 * `Compressor` allocates a new output buffer of the worst-case size for every frame.
 */
import binding from "zstd-napi/binding.js";
import type { BackupError } from "../errors.js";
import { damaged } from "./damage.js";
import { MAX_FRAME_RAW_BYTES, ZSTD_FRAME_MAGIC } from "./format.js";
import { messageOf } from "../system-error.js";

/** Magic number, frame header descriptor, content size of one byte, one block header (RFC 8878, section 3.1.1). */
const MIN_FRAME_BYTES = 9;
/** Frame_Header_Descriptor: RFC 8878, section 3.1.1.1.1. */
const DESCRIPTOR = { dictionaryId: 0b11, checksum: 0b100, unused: 0b1_0000, singleSegment: 0b10_0000 };

/** Compresses frames with content size and checksum; context and output buffer are reused. */
export class FrameCompressor {
  readonly #context = new binding.CCtx();
  #output = Buffer.alloc(0);

  /** @param level 1 (fast) to 19 (small). */
  constructor(level: number) {
    this.#context.setParameter(binding.CParameter.compressionLevel, level);
    this.#context.setParameter(binding.CParameter.contentSizeFlag, 1);
    this.#context.setParameter(binding.CParameter.checksumFlag, 1);
  }

  /** One frame. The result has an ArrayBuffer of its own, so that it can be transferred to another thread. */
  compress(raw: Uint8Array): Buffer {
    const bound = maxFrameBytes(raw.length);
    if (this.#output.length < bound) this.#output = Buffer.allocUnsafeSlow(bound);
    const stored = this.compressInto(this.#output, raw);
    const frame = Buffer.allocUnsafeSlow(stored);
    this.#output.copy(frame, 0, 0, stored);
    return frame;
  }

  /** One frame, at the front of `output`, which holds at least {@link maxFrameBytes}. Returns the frame's size. */
  compressInto(output: Uint8Array, raw: Uint8Array): number {
    return this.#context.compress2(output, raw);
  }
}

/** The most that a frame of `rawBytes` takes. */
export function maxFrameBytes(rawBytes: number): number {
  return binding.compressBound(rawBytes);
}

let decompressionContext: InstanceType<typeof binding.DCtx> | undefined;

/**
 * The content of `stored`, which must be exactly one zstd frame with checksum and a content size of `rawSize`. It fills
 * the front of `output`, or, without it, a buffer of its own: `rawSize` bytes, whatever the frame claims. Throws
 * ARCHIVE_DAMAGED.
 */
export function decompressFrame(stored: Uint8Array, rawSize: number, output?: Buffer): Buffer {
  if (rawSize > MAX_FRAME_RAW_BYTES)
    throw broken(`has ${rawSize} raw bytes; the format allows ${MAX_FRAME_RAW_BYTES}`);
  const frame = frameSize(stored);
  if (frame.stored !== stored.length)
    throw broken(`ends after ${frame.stored} of the ${stored.length} bytes that it should fill`);
  if (frame.raw !== rawSize) throw broken(`has ${frame.raw} raw bytes where ${rawSize} were announced`);
  const raw = output?.subarray(0, rawSize) ?? Buffer.allocUnsafeSlow(rawSize);
  decompressionContext ??= new binding.DCtx();
  // zstd fails when a frame holds more or less than its content size.
  orDamaged(decompressionContext, (context) => context.decompress(raw, stored));
  return raw;
}

/**
 * Sizes of the zstd frame at the start of `bytes`, by its headers alone: nothing is decompressed. Throws ARCHIVE_DAMAGED
 * when there is no whole frame (a skippable one is none) with content size and checksum, without dictionary, and with a
 * window that every decoder supports.
 */
export function frameSize(bytes: Uint8Array): { readonly stored: number; readonly raw: number } {
  checkFrameHeader(bytes);
  const raw = orDamaged(bytes, binding.getFrameContentSize);
  if (raw === null) throw broken("does not tell its content size");
  return { raw, stored: orDamaged(bytes, binding.findFrameCompressedSize) };
}

/**
 * The first `bytes` bytes, or fewer, of the frame's content at the start of `stored`, which need not hold all of the
 * frame. Nothing is checked but the frame's header. Throws ARCHIVE_DAMAGED.
 */
export function frameBeginning(stored: Uint8Array, bytes: number): Buffer {
  checkFrameHeader(stored);
  const output = Buffer.alloc(bytes);
  const [, produced] = orDamaged(new binding.DCtx(), (context) => context.decompressStream(output, stored));
  return output.subarray(0, produced);
}

function checkFrameHeader(bytes: Uint8Array): void {
  if (bytes.length < MIN_FRAME_BYTES) throw broken(`is only ${bytes.length} bytes long`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== ZSTD_FRAME_MAGIC) throw broken(`begins with 0x${magic.toString(16)}, which is no zstd frame`);
  const descriptor = view.getUint8(4);
  if ((descriptor & DESCRIPTOR.checksum) === 0) throw broken("has no checksum");
  if ((descriptor & DESCRIPTOR.dictionaryId) !== 0) throw broken("names a dictionary");
  if ((descriptor & DESCRIPTOR.unused) !== 0) throw broken("has a bit set that means nothing");
  if ((descriptor & DESCRIPTOR.singleSegment) === 0 && windowSize(view.getUint8(5)) > MAX_FRAME_RAW_BYTES)
    throw broken(`has a window of ${windowSize(view.getUint8(5))} bytes`);
}

/** Window_Descriptor: RFC 8878, section 3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 0b111);
}

/** The binding throws plain errors with zstd's own message. */
function orDamaged<T, R>(argument: T, call: (argument: T) => R): R {
  try {
    return call(argument);
  } catch (error) {
    throw broken(`cannot be read: ${messageOf(error)}`, error);
  }
}

function broken(how: string, cause?: unknown): BackupError {
  return damaged("zstd frame", `A zstd frame of the archive ${how}.`, { cause });
}
