/** Skippable zstd frames (RFC 8878, section 3.1.2): bytes in a `.zst` that every zstd reader passes over. */
import { BackupError } from "../errors.js";
import { damaged } from "./damage.js";

/** Magic number and size, 32 bits each, little-endian. */
export const SKIPPABLE_HEADER_BYTES = 8;
/** The size field has 32 bits. */
export const MAX_SKIPPABLE_PAYLOAD_BYTES = 0xffff_ffff;

/** The whole frame that carries `payload`. Throws LIMIT_EXCEEDED when the payload does not fit the size field. */
export function skippableFrame(magic: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(SKIPPABLE_HEADER_BYTES + payload.length);
  skippableHeader(magic, payload.length).copy(frame);
  frame.set(payload, SKIPPABLE_HEADER_BYTES);
  return frame;
}

/** The 8 bytes before a payload of `payloadBytes`, for payloads that are better not copied into one piece. */
export function skippableHeader(magic: number, payloadBytes: number): Buffer {
  if (payloadBytes > MAX_SKIPPABLE_PAYLOAD_BYTES)
    throw new BackupError(
      "LIMIT_EXCEEDED",
      `A skippable frame of ${payloadBytes} bytes does not fit the archive format (at most 4 GiB).`,
      { hint: "Split the tenant, or exclude directories with very many small files." },
    );
  const header = Buffer.allocUnsafe(SKIPPABLE_HEADER_BYTES);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(payloadBytes, 4);
  return header;
}

/**
 * The payload of `bytes`, which must be exactly one skippable frame with this magic; a view, not a copy. Throws
 * ARCHIVE_DAMAGED.
 */
export function readSkippableFrame(bytes: Uint8Array, magic: number): Uint8Array {
  if (bytes.length < SKIPPABLE_HEADER_BYTES) throw broken(`is only ${bytes.length} bytes long`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = view.getUint32(0, true);
  if (found !== magic) throw broken(`begins with 0x${found.toString(16)} instead of 0x${magic.toString(16)}`);
  const claimed = view.getUint32(4, true);
  const present = bytes.length - SKIPPABLE_HEADER_BYTES;
  if (claimed !== present) throw broken(`claims ${claimed} bytes and holds ${present}`);
  return bytes.subarray(SKIPPABLE_HEADER_BYTES);
}

function broken(how: string): BackupError {
  return damaged("skippable frame", `A skippable frame of the archive ${how}.`);
}
