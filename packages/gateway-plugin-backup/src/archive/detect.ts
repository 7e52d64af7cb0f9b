/** What is in an object is decided by its first bytes, never by its name. */
import { hasTarChecksum } from "./foreign-tar-header.js";
import { ZSTD_FRAME_MAGIC } from "./format.js";

export type ArchiveFormat = "zstd" | "gzip" | "tar" | "age";

/** As many first bytes as {@link detectFormat} looks at. */
export const DETECT_BYTES = 512;

/** RFC 8878, section 3.1.2: the low four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** RFC 1952, section 2.3.1: ID1, ID2, and the only compression method there is. */
const GZIP_MAGIC = "\x1f\x8b\x08";
/** The age file format (C2SP): the header's first line; the first line of the armored form. */
const AGE_MAGICS = ["age-encryption.org/v1\n", "-----BEGIN AGE ENCRYPTED FILE-----"];
/** POSIX ustar and old GNU tar both have these five letters. */
const USTAR_MAGIC_OFFSET = 257;
const USTAR_MAGIC = "ustar";

/** `bytes`: the object's first {@link DETECT_BYTES} (fewer when it is smaller). Undefined: none that can be read. */
export function detectFormat(bytes: Uint8Array): ArchiveFormat | undefined {
  const text = Buffer.from(bytes.subarray(0, DETECT_BYTES)).toString("latin1");
  if (bytes.length >= 4) {
    const magic = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
    if (magic === ZSTD_FRAME_MAGIC || (magic & ~0xf) === SKIPPABLE_MAGIC) return "zstd";
  }
  if (text.startsWith(GZIP_MAGIC)) return "gzip";
  if (AGE_MAGICS.some((magic) => text.startsWith(magic))) return "age";
  if (text.startsWith(USTAR_MAGIC, USTAR_MAGIC_OFFSET)) return "tar";
  // Tar before POSIX (v7) has no magic, only its checksum.
  return bytes.length >= DETECT_BYTES && hasTarChecksum(bytes.subarray(0, DETECT_BYTES)) ? "tar" : undefined;
}
