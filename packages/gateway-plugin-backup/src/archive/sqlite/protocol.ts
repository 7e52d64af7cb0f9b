/** What the helper process is asked, and what it answers. Plain data: it crosses process and thread boundaries. */
import type { BigIntStats } from "node:fs";
import type { RawPath } from "../raw-path.js";

/** Bytes at the start of every SQLite database (sqlite.org/fileformat.html, section 1.3): "SQLite format 3\0". */
export const SQLITE_MAGIC = Buffer.from("SQLite format 3\0", "latin1");
/** The size of a database is a multiple of its page size, and that of this. */
export const SMALLEST_PAGE_BYTES = 512;
/** What databases are commonly called. By this one is known though its size is odd, because it was cut short. */
const DATABASE_NAME = /\.(?:db|db3|s3db|sl3|sqlite|sqlite3|sqlitedb)$/i;

/** What SQLite adds to the name of a database for the files that it keeps beside it. */
export const COMPANION_SUFFIXES = ["-wal", "-shm", "-journal"] as const;
export type CompanionSuffix = (typeof COMPANION_SUFFIXES)[number];

/** Files of one directory of the tenant. */
export interface InspectRequest {
  readonly directory: RawPath;
  readonly names: readonly RawPath[];
}

/**
 * - `plain`: not a database, may be read like any file.
 * - `database`: begins like a database.
 * - `encrypted`: no header to be seen, but it is or may be a database: a WAL or journal of SQLite stands beside it, or
 *   its first page looks like random bytes.
 * - `companion`: the WAL, WAL index or journal of a database. Its copy holds what is in them.
 * - `gone`: nothing there, or not a regular file any more.
 * - `unreadable`: the system refuses; `reason` can follow a colon and has no full stop.
 */
export type Verdict =
  | {
      readonly kind: "plain" | "database" | "encrypted" | "companion" | "gone";
      readonly identity: string;
    }
  | { readonly kind: "unreadable"; readonly identity: string; readonly reason: string };

export interface CopyRequest {
  readonly directory: RawPath;
  readonly name: RawPath;
  /** Absolute path of the copy to make; neither it nor a name that begins with it may exist. */
  readonly copy: string;
  /** How the copy is checked; `quick` without it. */
  readonly check?: CopyCheck;
}

/** `quick`: every page, by itself and in its tree. `integrity`: each index against its table, too, which takes far longer. */
export type CopyCheck = "quick" | "integrity";

/**
 * - `copied`: a database, copied whole; an encrypted one byte for byte.
 * - `mixed`: a file that is perhaps an encrypted database was written to whenever it was copied: the copy may be a mixture
 *   of before and after.
 */
export interface FinishedCopy {
  readonly kind: "copied" | "mixed";
  /** Whether SQLite made the copy and checked it, which it cannot for an encrypted one. */
  readonly checked: boolean;
  /** Bytes of the copy. */
  readonly size: number;
  /** Of the database as it was before it was copied. */
  readonly mode: number;
  /** The later of the database's and its WAL's, before the copy was made. */
  readonly mtimeNs: bigint;
  /** Of the database before the copy was made: see `stateOf`. */
  readonly state: Uint8Array | undefined;
}

/**
 * - `gone`, `plain`: no longer there, no longer a database.
 * - `unreadable`: no consistent copy could be made.
 * - `no-room`: the temporary directory is at fault; `code` is the system's, such as ENOSPC.
 */
export type CopyAnswer =
  | FinishedCopy
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

/** The helper now checks a copy of so many bytes, and hears nothing until that is done. */
export interface CheckNotice {
  readonly id: number;
  readonly checking: number;
}

export type FromHelper = HelperReply | CheckNotice;

/** Whether a file is called like a database. */
export function hasDatabaseName(path: RawPath): boolean {
  return DATABASE_NAME.test(path);
}

/** Whether a file could be a sound database, by its `stat` alone. */
export function mayBeDatabase(stats: BigIntStats): boolean {
  const size = Number(stats.size);
  return size > 0 && size % SMALLEST_PAGE_BYTES === 0 && stats.isFile();
}

/** Whether a file must be left to the helper process: it could be a database, sound or cut short. */
export function isCandidate(name: RawPath, stats: BigIntStats): boolean {
  return mayBeDatabase(stats) || (hasDatabaseName(name) && stats.size > 0n && stats.isFile());
}

/** The database that a file belongs to if it is a companion; undefined when its name says that it is none. */
export function companionOf(name: RawPath): { base: RawPath; suffix: CompanionSuffix } | undefined {
  const suffix = COMPANION_SUFFIXES.find((ending) => name.endsWith(ending));
  if (suffix === undefined || suffix.length === name.length) return undefined;
  return { base: name.slice(0, -suffix.length) as RawPath, suffix };
}

/** Tells one state of one file from another. */
export function identityOf(stats: BigIntStats): string {
  return `${inodeOf(stats)}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/** Tells one file from another, whatever state it is in; {@link identityOf} begins with it and a colon. */
export function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
