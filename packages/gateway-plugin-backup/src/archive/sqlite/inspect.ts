/** Tells databases from other files. For the helper process only: see `helper.ts`. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { nameIn } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { systemCode, systemReason } from "../../system-error.js";
import { looksRandom } from "./looks-random.js";
import {
  COMPANION_SUFFIXES,
  companionOf,
  identityOf,
  isCandidate,
  mayBeDatabase,
  SMALLEST_PAGE_BYTES,
  SQLITE_MAGIC,
} from "./protocol.js";
import type { CompanionSuffix, Verdict } from "./protocol.js";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * First bytes of the files that SQLite keeps beside a database, also beside one whose pages an extension encrypts.
 * sqlite.org/fileformat.html: section 4.1 (WAL, either checksum order), section 3 (journal); sqlite.org/walformat.html,
 * section 2.1 (WAL index: version 3007000 in the machine's byte order).
 */
const COMPANION_MAGICS: Readonly<Record<CompanionSuffix, readonly Buffer[]>> = {
  "-wal": [Buffer.from("377f0682", "hex"), Buffer.from("377f0683", "hex")],
  "-journal": [Buffer.from("d9d505f920a163d7", "hex")],
  "-shm": [Buffer.from("18e22d00", "hex"), Buffer.from("002de218", "hex")],
};
/**
 * Magic and record count: zero in a journal until it is synced, and again when it is kept after the commit
 * (`writeJournalHdr` and `zeroJournalHdr` of SQLite's `pager.c`).
 */
const ZEROED_HEADER_BYTES = 12;

/**
 * Who opens a database first cuts its WAL index to this size before it makes a new one (`unixLockSharedMemory` of SQLite's
 * `os_unix.c`); who dies in between leaves it so.
 */
const CUT_SHM_BYTES = 3;

export type DatabaseKind = "plain" | "database" | "encrypted";

/** The beginning of a regular file. */
export interface Head {
  /** Up to 512 bytes: the smallest first page. */
  readonly bytes: Buffer;
  readonly stats: BigIntStats;
}

export function inspect(directory: number, name: RawPath): Verdict {
  try {
    return judge(directory, name);
  } catch (error) {
    return { kind: "unreadable", identity: "", reason: systemReason(error) };
  }
}

function judge(directory: number, name: RawPath): Verdict {
  const head = readHead(directory, name);
  if (head === undefined) return { kind: "gone", identity: "" };
  const identity = identityOf(head.stats);
  const kind = databaseKind(directory, name, head);
  // A database may itself be called like the companion of another one.
  if (kind !== "database" && isCompanion(directory, name, head)) return { kind: "companion", identity };
  return { kind, identity };
}

export function databaseKind(directory: number, name: RawPath, head: Head): DatabaseKind {
  if (!isCandidate(name, head.stats)) return "plain";
  if (head.bytes.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC)) return "database";
  if (companionInUse(directory, name) !== undefined) return "encrypted";
  return mayBeDatabase(head.stats) && looksRandom(head.bytes) ? "encrypted" : "plain";
}

/** The first of the files beside a database that SQLite has begun to write. */
export function companionInUse(directory: number, name: RawPath): CompanionSuffix | undefined {
  return COMPANION_SUFFIXES.find((suffix) => {
    const head = readHead(directory, `${name}${suffix}` as RawPath);
    return head !== undefined && hasMagic(head, suffix);
  });
}

/** Whether the file of that name beside a database is one that SQLite keeps there. */
export function hasCompanion(directory: number, name: RawPath, suffix: CompanionSuffix): boolean {
  const head = readHead(directory, `${name}${suffix}` as RawPath);
  return head !== undefined && (hasMagic(head, suffix) || isZeroed(head));
}

/** Judged by what is in the file, too: a person may have called any file so, and it would be lost. */
function isCompanion(directory: number, name: RawPath, head: Head): boolean {
  const companion = companionOf(name);
  if (companion === undefined) return false;
  const { base, suffix } = companion;
  const database = readHead(directory, base);
  if (database === undefined) return false;
  // A database that is just being made is empty.
  if (hasMagic(head, suffix))
    return database.bytes.length === 0 || databaseKind(directory, base, database) !== "plain";
  // Not begun, done with and kept, or about to be made anew.
  const isWithoutContent = isZeroed(head) || (suffix === "-shm" && head.bytes.length === CUT_SHM_BYTES);
  return isWithoutContent && databaseKind(directory, base, database) === "database";
}

function hasMagic({ bytes }: Head, suffix: CompanionSuffix): boolean {
  return COMPANION_MAGICS[suffix].some((magic) => bytes.subarray(0, magic.length).equals(magic));
}

function isZeroed({ bytes }: Head): boolean {
  return bytes.subarray(0, ZEROED_HEADER_BYTES).every((byte) => byte === 0);
}

/**
 * The beginning of a file; undefined when nothing or something else than a regular file has the name. Throws what the
 * system says when the file is there and cannot be read.
 */
export function readHead(directory: number, name: RawPath): Head | undefined {
  let handle: number;
  try {
    handle = openSync(nameIn(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    // ENXIO: a socket. ENAMETOOLONG: of a companion; then there is none.
    if (code === "ENOENT" || code === "ELOOP" || code === "ENXIO" || code === "ENAMETOOLONG")
      return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(handle, { bigint: true });
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(SMALLEST_PAGE_BYTES);
    const count = readSync(handle, bytes, 0, bytes.length, 0);
    return { bytes: bytes.subarray(0, count), stats };
  } finally {
    closeSync(handle);
  }
}
