/** What the helper process is asked, and what it answers. Plain data: it crosses process and thread boundaries. */
import type { BigIntStats } from "node:fs";
import type { RawPath } from "../raw-path.js";

/** Bytes at the start of every SQLite database (sqlite.org/fileformat.html, section 1.3): "SQLite format 3\0". */
export const SQLITE_MAGIC = Buffer.from("SQLite format 3\0", "latin1");
/** The smallest page size; the size of a database is a multiple of its page size. */
const SMALLEST_PAGE_BYTES = 512n;

export const SIDECAR_SUFFIXES = ["-wal", "-shm", "-journal"] as const;

/** Files of one directory of the tenant. */
export interface InspectRequest {
  readonly directory: RawPath;
  readonly names: readonly RawPath[];
}

/**
 * - `plain`: not a database, may be read like any file.
 * - `database`: begins like a database.
 * - `encrypted`: no header to be seen, but a WAL or journal of SQLite beside it.
 * - `gone`: nothing there, or not a regular file any more.
 * - `unreadable`: the system refuses; `reason` can follow a colon and has no full stop.
 */
export type Verdict =
  | { readonly kind: "plain" | "database" | "encrypted" | "gone"; readonly identity: string }
  | { readonly kind: "unreadable"; readonly identity: string; readonly reason: string };

export interface CopyRequest {
  readonly directory: RawPath;
  readonly name: RawPath;
  /** Absolute path of the copy to make. */
  readonly copy: string;
}

/**
 * - `gone`, `plain`: no longer there, no longer a database.
 * - `unreadable`: no consistent copy could be made.
 * - `no-room`: the temporary directory is at fault; `code` is the system's, such as ENOSPC.
 */
export type CopyAnswer =
  | {
      readonly kind: "copied";
      /** Bytes of the copy. */
      readonly size: number;
      /** Of the database as it was before it was copied. */
      readonly mode: number;
      /** The later of the database's and its WAL's, before the copy was made. */
      readonly mtimeNs: bigint;
    }
  | { readonly kind: "plain" | "gone" }
  | { readonly kind: "unreadable"; readonly reason: string }
  | { readonly kind: "no-room"; readonly code: string | undefined; readonly reason: string };

export type HelperCall =
  | { readonly method: "inspect"; readonly request: InspectRequest }
  | { readonly method: "copy"; readonly request: CopyRequest };

export type HelperRequest = HelperCall & { readonly id: number };

export interface HelperReply {
  readonly id: number;
  readonly answer: readonly Verdict[] | CopyAnswer;
}

/** Whether a file could be a database, by its `stat` alone. */
export function mayBeDatabase(stats: BigIntStats): boolean {
  return stats.isFile() && stats.size > 0n && stats.size % SMALLEST_PAGE_BYTES === 0n;
}

/** Tells one state of one file from another. */
export function identityOf(stats: BigIntStats): string {
  return `${inodeOf(stats)}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/** Tells one file from another, whatever state it is in; {@link identityOf} begins with it and a colon. */
export function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
