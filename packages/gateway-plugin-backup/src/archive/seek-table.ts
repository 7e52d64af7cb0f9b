/**
 * The seek table at the end of an archive: the public "zstd seekable format" 0.1.0 (facebook/zstd,
 * contrib/seekable_format/zstd_seekable_compression_format.md). A skippable frame with 8 bytes for each frame before it
 * (stored size, raw size) and a footer of 9 bytes: number of frames, descriptor, magic number. All little-endian.
 */
import { BackupError } from "../errors.js";
import { damaged } from "./damage.js";
import { SEEK_TABLE_FOOTER_MAGIC, SEEK_TABLE_FRAME_MAGIC } from "./format.js";
import { readSkippableFrame, skippableFrame, SKIPPABLE_HEADER_BYTES } from "./frames.js";

export interface FrameSize {
  /** Size of the frame in the object. */
  readonly stored: number;
  /** Size of its content; 0 for a skippable frame. */
  readonly raw: number;
}

export interface SeekTable {
  readonly frames: FrameSize[];
  /** Size of the whole seek table frame. */
  readonly tableBytes: number;
  /** Seek_Table_Descriptor; 0 in archives of ours. */
  readonly descriptor: number;
}

const FOOTER_BYTES = 9;
const ENTRY_BYTES = 8;
/** Where the descriptor says so, each entry is followed by a 32-bit checksum of the raw bytes. Ours does not. */
const CHECKSUM_BYTES = 4;
const CHECKSUM_FLAG = 0x80;
/** Reserved_Bits must be zero; Unused_Bits (the lowest two) may be anything. */
const RESERVED_BITS = 0x7c;
/** More frames than an archive of 16 TiB has; keeps what a hostile table can make a reader allocate in bounds. */
const MAX_FRAMES = 2 ** 23;

/** The whole seek table frame. */
export function encodeSeekTable(frames: readonly FrameSize[]): Buffer {
  if (frames.length > MAX_FRAMES) throw tooManyFrames(frames.length);
  const payload = Buffer.allocUnsafe(frames.length * ENTRY_BYTES + FOOTER_BYTES);
  let position = 0;
  for (const frame of frames) {
    position = payload.writeUInt32LE(frame.stored, position);
    position = payload.writeUInt32LE(frame.raw, position);
  }
  position = payload.writeUInt32LE(frames.length, position);
  position = payload.writeUInt8(0, position);
  payload.writeUInt32LE(SEEK_TABLE_FOOTER_MAGIC, position);
  return skippableFrame(SEEK_TABLE_FRAME_MAGIC, payload);
}

/** Size of the seek table frame of an archive with this many frames. */
export function seekTableBytes(frameCount: number): number {
  return SKIPPABLE_HEADER_BYTES + frameCount * ENTRY_BYTES + FOOTER_BYTES;
}

/**
 * Reads the seek table from the last bytes of an object of `objectSize` bytes.
 *
 * Gives `needBytes` when the table is longer than `tail`: call again with at least so many last bytes. Gives undefined
 * when the object has no seek table, as archives of other tools. Throws ARCHIVE_DAMAGED when there is one and it is not
 * true of the object, LIMIT_EXCEEDED when it lists more frames than any archive has.
 */
export function decodeSeekTable(
  tail: Uint8Array,
  objectSize: number,
): SeekTable | { readonly needBytes: number } | undefined {
  if (objectSize < SKIPPABLE_HEADER_BYTES + FOOTER_BYTES) return undefined;
  if (tail.length < FOOTER_BYTES) return { needBytes: FOOTER_BYTES };
  const footer = viewOf(tail.subarray(tail.length - FOOTER_BYTES));
  if (footer.getUint32(5, true) !== SEEK_TABLE_FOOTER_MAGIC) return undefined;

  const count = footer.getUint32(0, true);
  const descriptor = footer.getUint8(4);
  if ((descriptor & RESERVED_BITS) !== 0)
    throw untrue(`has an unknown descriptor 0x${descriptor.toString(16)}`);
  const entryBytes = ENTRY_BYTES + ((descriptor & CHECKSUM_FLAG) === 0 ? 0 : CHECKSUM_BYTES);
  const tableBytes = SKIPPABLE_HEADER_BYTES + count * entryBytes + FOOTER_BYTES;
  if (tableBytes > objectSize) throw untrue(`lists ${count} frames, for which the object is too small`);
  if (count > MAX_FRAMES) throw tooManyFrames(count);
  if (tail.length < tableBytes) return { needBytes: tableBytes };

  const table = readSkippableFrame(tail.subarray(tail.length - tableBytes), SEEK_TABLE_FRAME_MAGIC);
  const view = viewOf(table);
  let total = tableBytes;
  for (let i = 0; i < count; i++) {
    const stored = view.getUint32(i * entryBytes, true);
    if (stored < SKIPPABLE_HEADER_BYTES) throw untrue(`lists frame ${i} with ${stored} bytes`);
    total += stored;
  }
  if (total !== objectSize) throw untrue(`accounts for ${total} bytes of an object of ${objectSize}`);
  const frames = Array.from({ length: count }, (_, i) => ({
    stored: view.getUint32(i * entryBytes, true),
    raw: view.getUint32(i * entryBytes + 4, true),
  }));
  return { frames, tableBytes, descriptor };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function untrue(how: string): BackupError {
  return damaged("seek table", `The archive's seek table ${how}.`);
}

function tooManyFrames(count: number): BackupError {
  return new BackupError(
    "LIMIT_EXCEEDED",
    `The archive has ${count} frames; at most ${MAX_FRAMES} are supported.`,
    { hint: "Split the tenant into smaller ones.", details: { rule: "frames", limit: MAX_FRAMES } },
  );
}
