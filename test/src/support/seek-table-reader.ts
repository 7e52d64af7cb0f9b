/**
 * A reader of the zstd seekable format, written from its public specification alone (facebook/zstd,
 * contrib/seekable_format/zstd_seekable_compression_format.md, version 0.1.0), so that our archives are checked by
 * something that shares no code with what wrote them.
 *
 * The seek table is a skippable frame at the end of the file:
 *
 *     Skippable_Magic_Number  4 bytes  0x184D2A5E, little-endian
 *     Frame_Size              4 bytes
 *     Seek_Table_Entries      8 bytes each (12 with checksums): Compressed_Size, Decompressed_Size, [Checksum]
 *     Seek_Table_Footer       9 bytes: Number_Of_Frames, Seek_Table_Descriptor (1 byte), Seekable_Magic_Number 0x8F92EAB1
 */

export interface SeekableFrame {
  /** Offset of the frame in the file. */
  readonly offset: number;
  readonly compressedSize: number;
  readonly decompressedSize: number;
  /** Least significant 32 bits of XXH64 of the content, where the table has checksums. */
  readonly checksum?: number;
}

const SKIPPABLE_MAGIC = 0x184d2a5e;
const SEEKABLE_MAGIC = 0x8f92eab1;
const HEADER_BYTES = 8;
const FOOTER_BYTES = 9;

/** Reads the table from the whole file's bytes. Throws on anything that the specification does not allow. */
export function readSeekTable(file: Buffer): SeekableFrame[] {
  const footer = file.length - FOOTER_BYTES;
  if (footer < HEADER_BYTES) throw new Error("too short for a seek table");
  if (file.readUInt32LE(footer + 5) !== SEEKABLE_MAGIC)
    throw new Error("no seekable magic number at the end");
  const count = file.readUInt32LE(footer);
  const descriptor = file.readUInt8(footer + 4);
  if ((descriptor & 0b0111_1100) !== 0) throw new Error("reserved bits of the descriptor are set");
  const hasChecksums = (descriptor & 0b1000_0000) !== 0;
  const entryBytes = hasChecksums ? 12 : 8;
  const table = footer - count * entryBytes - HEADER_BYTES;
  if (table < 0) throw new Error(`the file is too short for ${count} entries`);
  if (file.readUInt32LE(table) !== SKIPPABLE_MAGIC)
    throw new Error("the table does not begin with its magic number");
  const frameSize = file.readUInt32LE(table + 4);
  if (frameSize !== count * entryBytes + FOOTER_BYTES)
    throw new Error(`the frame size ${frameSize} is wrong`);

  const frames: SeekableFrame[] = [];
  let offset = 0;
  for (let entry = table + HEADER_BYTES; entry < footer; entry += entryBytes) {
    const frame = {
      offset,
      compressedSize: file.readUInt32LE(entry),
      decompressedSize: file.readUInt32LE(entry + 4),
    };
    frames.push(hasChecksums ? { ...frame, checksum: file.readUInt32LE(entry + 8) } : frame);
    offset += frame.compressedSize;
  }
  if (offset !== table) throw new Error(`the frames come to ${offset} bytes, the table begins at ${table}`);
  return frames;
}
