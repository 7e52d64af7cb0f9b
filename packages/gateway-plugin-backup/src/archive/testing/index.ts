/** What tests of other packages need to make archives, good and bad, and to take them apart. */
export { TarReader, type ForeignEntry, type TarEvents } from "../foreign-tar.js";
export {
  DEFAULT_LIMITS,
  INDEX_FRAME_MAGIC,
  SEEK_TABLE_FRAME_MAGIC,
  SIGNATURE_FRAME_MAGIC,
} from "../format.js";
export type { ArchiveLimits, SegmentKind } from "../format.js";
export { readIndex } from "../index-codec.js";
export { rawPath, type RawPath } from "../raw-path.js";
export { keyIdOf } from "../signature.js";
export { decodeSeekTable, encodeSeekTable, type FrameSize } from "../seek-table.js";
export { encodeTarHeader } from "../tar-header.js";
export { openEncrypted } from "../age/open-encrypted.js";
export { encrypted } from "./age.js";
export * from "./archive-builder.js";
export { extractInProcess, type InProcessOptions } from "./extract-in-process.js";
export { memorySource } from "./memory-source.js";
export { readTree, type TreeEntry } from "./tree.js";
export { writeToMemory, type WrittenArchive } from "./write-to-memory.js";
