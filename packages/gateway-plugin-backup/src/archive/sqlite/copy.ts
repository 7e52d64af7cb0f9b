/**
 * Makes a consistent copy of one database of the tenant and leaves the tenant as it was. For the helper process only: see
 * `helper.ts`. Kinds of database need different ways:
 *
 * - **In WAL mode, not both `-wal` and `-shm` beside it**: nobody has it open (a connection has both), or a single
 *   program has it open in exclusive mode. Even a read-only connection would create the two files and leave them behind;
 *   a writing one would remove them, but that changes the directory's time, and an unchanged tenant must give the same
 *   archive every time. So the bytes are copied, database and WAL, and count only if both were the same before and after.
 * - **In WAL mode with both**: open somewhere, or left behind by a crash. A read-only connection finds everything in
 *   place, and its close neither checkpoints nor deletes.
 * - **In rollback mode**: a read-only connection creates nothing, and holds off writers for the time of the copy. A
 *   hot journal (a program died in the middle of a commit) would have to be rolled back first, in the tenant's files; so
 *   database and journal are copied as bytes, and SQLite rolls the copy back.
 * - **At a path that is too long for SQLite**: as bytes, too.
 * - **Encrypted**: as bytes, while there is neither WAL nor journal.
 *
 * Connections are copied with the online backup in one step, all pages: in steps, a busy writer restarts it for ever.
 */
import { readlinkSync, statSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { stateOf } from "../base/facts.js";
import { nameOf } from "../confined.js";
import { MAX_COMPONENT_BYTES } from "../entry-name.js";
import type { RawPath } from "../raw-path.js";
import { systemCode, systemReason } from "../../system-error.js";
import { copyAlone, copyAsItIs, copyAtRest } from "./at-rest.js";
import { checkCopy } from "./check.js";
import { copyThroughConnection } from "./connection.js";
import type { NotWhereItLies } from "./connection.js";
import { removeCopy } from "./copy-files.js";
import { lookAt } from "./database-files.js";
import type { Attempt, DatabaseFiles } from "./database-files.js";
import { companionInUse, databaseKind, hasCompanion, readHead } from "./inspect.js";
import type { Head } from "./inspect.js";
import type { CopyAnswer, CopyCheck, FinishedCopy } from "./protocol.js";

/** A program that commits waits for us as long as this by default (busy timeouts of 5 to 30 s are common); so do we. */
const PATIENCE_MS = 30_000;
/** For files that are perhaps no databases at all. */
const ENCRYPTED_PATIENCE_MS = 2_000;
/** A little longer than a file takes to settle: see `at-rest.ts`. */
const RETRY_MS = 75;
/** Offsets of the write and the read version in the header; 2 means WAL: sqlite.org/fileformat.html, section 1.3.3. */
const WRITE_VERSION_OFFSET = 18;
const READ_VERSION_OFFSET = 19;
const WAL_VERSION = 2;
const LONGEST_SUFFIX = "-journal";
/** The longest path of a database: MAX_PATHNAME of SQLite's `os_unix.c`, with room for its journal's name. */
const MAX_PATH_BYTES = 512 - LONGEST_SUFFIX.length;

export interface CopyOptions {
  /** How long the database may stay locked or keep changing before it is given up. */
  readonly patienceMs?: number;
  /** How the copy of an unencrypted one is checked. */
  readonly check?: CopyCheck;
  /** Told the size of the copy before it is checked, which may take long. */
  readonly onCheck?: (bytes: number) => Promise<void>;
}

/** @param copy Absolute path of the copy; neither it nor a name that begins with it may exist. */
export async function copyDatabase(
  directory: number,
  name: RawPath,
  copy: string,
  { patienceMs = PATIENCE_MS, check = "quick", onCheck = () => Promise.resolve() }: CopyOptions = {},
): Promise<CopyAnswer> {
  const start = Date.now();
  let isLeftByCrash = false;
  for (;;) {
    const now = Date.now();
    const files = lookAt(directory, name);
    const head = readHead(directory, name);
    if (files === undefined || head === undefined) return { kind: "gone" };
    const kind = databaseKind(directory, name, head);
    if (kind === "plain") return { kind };
    const patience = kind === "encrypted" ? Math.min(patienceMs, ENCRYPTED_PATIENCE_MS) : patienceMs;
    const waitMs = Math.max(start + patience - Date.now(), 0);
    let attempt: Attempt | NotWhereItLies | undefined = makeEmpty(copy);
    if (attempt !== undefined) return attempt;
    if (kind === "encrypted") attempt = copyEncrypted(files, copy, waitMs === 0);
    else if (isLeftByCrash || !mayBeOpen(files, head)) attempt = copyAtRest(files, copy);
    else attempt = await copyThroughConnection(files, copy, waitMs);
    if (attempt.kind === "copied" && kind === "database") {
      await onCheck(statSync(copy).size);
      attempt = checkCopy(copy, check);
    }
    if (attempt.kind === "copied" || attempt.kind === "mixed")
      return { kind: attempt.kind, checked: kind === "database", ...factsOf(files, copy, now) };
    removeCopy(copy);
    // Tried in turns: meanwhile a program may have opened it, and made good what a crash left.
    isLeftByCrash = attempt.kind === "not-where-it-lies";
    if (attempt.kind === "unreadable" || attempt.kind === "no-room") return attempt;
    if (waitMs === 0)
      return { kind: "unreadable", reason: `${attempt.reason}, for ${patience / 1000} seconds` };
    await setTimeout(RETRY_MS);
  }
}

/** Made first, so that a temporary directory that takes no files is told from a database that gives none. */
function makeEmpty(copy: string): Extract<CopyAnswer, { kind: "no-room" }> | undefined {
  try {
    writeFileSync(copy, "", { flag: "wx", mode: 0o600 });
    return undefined;
  } catch (error) {
    return { kind: "no-room", code: systemCode(error), reason: systemReason(error) };
  }
}

/** Whether SQLite can read the database where it lies without leaving files behind. */
function mayBeOpen(files: DatabaseFiles, head: Head): boolean {
  const { directory, name, wal } = files;
  if (isBeyondSqlite(files)) return false;
  if (wal === undefined) return !isWalMode(head.bytes);
  // SQLite would make a WAL index of whatever has the name.
  return hasCompanion(directory, name, "-wal") && hasCompanion(directory, name, "-shm");
}

/** In the last attempt, what may be no database at all is copied in any state. */
function copyEncrypted(files: DatabaseFiles, copy: string, isLast: boolean): Attempt {
  switch (companionInUse(files.directory, files.name)) {
    case "-wal":
    case "-shm":
      return { kind: "unreadable", reason: "it is encrypted and in use, and SQLite cannot copy it" };
    case "-journal":
      return { kind: "again", reason: "it is encrypted and in the middle of a transaction" };
    case undefined: {
      const attempt = copyAlone(files, copy);
      return attempt.kind === "again" && isLast ? copyAsItIs(files, copy) : attempt;
    }
  }
}

function isWalMode(header: Buffer): boolean {
  return header[WRITE_VERSION_OFFSET] === WAL_VERSION || header[READ_VERSION_OFFSET] === WAL_VERSION;
}

function isBeyondSqlite({ directory, name }: DatabaseFiles): boolean {
  if (name.length + LONGEST_SUFFIX.length > MAX_COMPONENT_BYTES) return true;
  try {
    const path = readlinkSync(nameOf(directory), { encoding: "buffer" });
    return path.length + 1 + name.length > MAX_PATH_BYTES;
  } catch {
    // The kernel does not tell a path of more than a page.
    return true;
  }
}

function factsOf(
  { main, wal, journal }: DatabaseFiles,
  copy: string,
  now: number,
): Pick<FinishedCopy, "size" | "mode" | "mtimeNs" | "state"> {
  const walIsLater = wal !== undefined && wal.mtimeNs > main.mtimeNs;
  return {
    size: statSync(copy).size,
    mode: Number(main.mode) & 0o777,
    mtimeNs: walIsLater ? wal.mtimeNs : main.mtimeNs,
    state: stateOf({ main, wal, journal }, now),
  };
}
