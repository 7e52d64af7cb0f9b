/**
 * Archive format, version 1: the constants and the records. `docs/archive-format.md` is the specification.
 *
 * Glossary
 * - **archive**: one object; an ordinary `.tar.zst` that is also seekable and describes itself.
 * - **entry**: one file, directory or symlink of the tar stream: PAX header (if needed), ustar header, content, padding.
 * - **segment**: a stretch of the tar stream that is one zstd frame: *pack*, *head*, *piece*, *dirs* or *end*.
 * - **frame**: a zstd frame as stored; a *skippable frame* carries bytes that zstd readers pass over.
 * - **index**: the skippable frame with the archive's description.
 * - **seek table**: the last frame; lists every frame before it.
 * - **stored / raw**: bytes as they stand in the object / bytes of the tar stream.
 */
import type { RawPath } from "./raw-path.js";

export const FORMAT_VERSION = 1;

/** Skippable frame magics (0x184D2A50 … 0x184D2A5F are reserved for them by RFC 8878, section 3.1.2). */
export const INDEX_FRAME_MAGIC = 0x184d2a5b;
export const SIGNATURE_FRAME_MAGIC = 0x184d2a5c;
/** zstd seekable format 0.1.0: facebook/zstd, contrib/seekable_format/zstd_seekable_compression_format.md. */
export const SEEK_TABLE_FRAME_MAGIC = 0x184d2a5e;
export const SEEK_TABLE_FOOTER_MAGIC = 0x8f92eab1;
/** RFC 8878, section 3.1.1. */
export const ZSTD_FRAME_MAGIC = 0xfd2fb528;

/** Files below this size share packs; from it on a file has a head and pieces of its own. */
export const LARGE_FILE_BYTES = 1024 * 1024;
/** A pack is closed before it would pass this size; a piece holds this much of a large file. */
export const SEGMENT_BYTES = 4 * 1024 * 1024;
/** No frame of an archive, segment or index frame, may claim more raw bytes than this: what a reader allocates at once. */
export const MAX_FRAME_RAW_BYTES = 2 * SEGMENT_BYTES;

export type SegmentKind = "pack" | "head" | "piece" | "dirs" | "end";

export interface SegmentRecord {
  readonly kind: SegmentKind;
  /** Offset of the frame in the object. */
  readonly offset: number;
  /** Size of the frame. */
  readonly stored: number;
  /** Size of the tar bytes inside. */
  readonly raw: number;
  /** SHA-256 of the tar bytes, 64 hex digits. */
  readonly sha256: string;
}

export type EntryType = "file" | "directory" | "symlink";

/**
 * `database`: the content is a consistent copy that SQLite made. `truncated`: the file ended before the size in its
 * header while it was read, and is filled with zeros. `changed`: it was modified while it was read.
 */
export type EntryFlag = "database" | "truncated" | "changed";

export interface EntryRecord {
  /** Full path in the tar, without a trailing slash: `tenants/acme/sessions/a.jsonl`. */
  readonly path: RawPath;
  readonly type: EntryType;
  /** Permission bits, masked to 0777. */
  readonly mode: number;
  /** Content bytes; 0 for directories and symlinks. */
  readonly size: number;
  /** Modification time, nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  /** Of the content, 64 hex digits; files only. */
  readonly sha256?: string;
  /** Target of a symlink. */
  readonly target?: RawPath;
  /** Number of the segment that holds the entry's tar header. */
  readonly segment: number;
  /** Offset of the entry (its PAX header, if it has one) in that segment's raw bytes. */
  readonly offset: number;
  readonly flags: readonly EntryFlag[];
}

export interface IndexHeader {
  readonly format: number;
  /** Tenant id. */
  readonly tenant: string;
  readonly uid: string;
  /** Directory in the tar under which every entry stands: `tenants/acme`. */
  readonly root: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Program and version that wrote the archive. */
  readonly producer: string;
  readonly totals: ArchiveTotals;
  readonly warnings: readonly ArchiveWarning[];
}

export interface ArchiveTotals {
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Sum of the files' sizes. */
  readonly contentBytes: number;
  readonly segments: number;
  /** Size of the tar stream. */
  readonly tarBytes: number;
}

/** Something that went into the archive otherwise than the person may expect, or not at all. Data, not log text. */
export interface ArchiveWarning {
  readonly code: ArchiveWarningCode;
  /** Path relative to the tenant's directory, fit to be shown. */
  readonly path: string;
  /** One sentence. */
  readonly message: string;
}

export type ArchiveWarningCode =
  | "FILE_VANISHED"
  | "FILE_CHANGED"
  | "FILE_TRUNCATED"
  | "FILE_UNREADABLE"
  | "DATABASE_UNREADABLE"
  | "SPECIAL_FILE"
  | "UNSAFE_JOURNAL"
  | "LINK_ESCAPES"
  | "NAME_TOO_LONG"
  | "IGNORE_FILE_SKIPPED"
  | "HOOK_FAILED"
  | "WARNINGS_OMITTED";

/** Limits that the writer and every reader apply. */
export interface ArchiveLimits {
  readonly entries: number;
  /** Sum of content bytes. */
  readonly bytes: number;
  /** Tar bytes per stored byte, for archives without our index, from the first 100 MB on. */
  readonly ratio: number;
}

export const DEFAULT_LIMITS: ArchiveLimits = { entries: 5_000_000, bytes: 1024 ** 4, ratio: 1000 };
