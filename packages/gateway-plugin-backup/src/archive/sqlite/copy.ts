/**
 * Makes a consistent copy of one database of the tenant and leaves the tenant as it was. For the helper process only: see
 * `helper.ts`. Three kinds of database need three ways:
 *
 * - **In WAL mode, not both `-wal` and `-shm` beside it**: nobody has it open (a connection has both), or a single
 *   program has it open in exclusive mode. Even a read-only connection would create the two files and leave them behind;
 *   a writing one would remove them, but that changes the directory's time, and an unchanged tenant must give the same
 *   archive every time. So the bytes are copied, database and WAL, and count only if both were the same before and after.
 * - **In WAL mode with both**: open somewhere, or left behind by a crash. A read-only connection finds everything in
 *   place, and its close neither checkpoints nor deletes.
 * - **In rollback mode**: a read-only connection creates nothing, and holds off writers for the time of the copy. Only a
 *   hot journal (a program died in the middle of a commit) needs a writing connection, which rolls it back as the next
 *   program to open the database would.
 *
 * Connections are copied with the online backup in one step, all pages: in steps, a busy writer restarts it for ever.
 */
import { rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { RawPath } from "../raw-path.js";
import { systemCode, systemReason } from "../system-error.js";
import { copyAtRest } from "./at-rest.js";
import { checkCopy } from "./check.js";
import { copyThroughConnection } from "./connection.js";
import { lookAt } from "./database-files.js";
import type { Attempt, DatabaseFiles } from "./database-files.js";
import { readHead } from "./inspect.js";
import { SQLITE_MAGIC } from "./protocol.js";
import type { CopyAnswer } from "./protocol.js";

/** A program that commits waits for us as long as this by default (busy timeouts of 5 to 30 s are common); so do we. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 50;
/** Offsets of the write and the read version in the header; 2 means WAL: sqlite.org/fileformat.html, section 1.3.3. */
const WRITE_VERSION_OFFSET = 18;
const READ_VERSION_OFFSET = 19;
const WAL_VERSION = 2;
const HEADER_BYTES = 20;

/**
 * @param copy Absolute path of the copy; neither it nor a name that begins with it may exist.
 * @param patienceMs How long the database may stay locked or keep changing before it is given up.
 */
export async function copyDatabase(
  directory: number,
  name: RawPath,
  copy: string,
  patienceMs = PATIENCE_MS,
): Promise<CopyAnswer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const files = lookAt(directory, name);
    const head = readHead(directory, name, HEADER_BYTES);
    if (files === undefined || head === undefined) return { kind: "gone" };
    if (!head.candidate || !head.bytes.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC))
      return { kind: "plain" };
    const waitMs = Math.max(deadline - Date.now(), 0);
    const attempt = await tryOnce(files, isWalMode(head.bytes), copy, waitMs);
    if (attempt.kind === "copied") return finished(files, copy);
    rmSync(copy, { force: true });
    rmSync(`${copy}-wal`, { force: true });
    if (attempt.kind !== "again") return attempt;
    if (waitMs === 0)
      return { kind: "unreadable", reason: `${attempt.reason}, for ${patienceMs / 1000} seconds` };
    await setTimeout(RETRY_MS);
  }
}

async function tryOnce(
  files: DatabaseFiles,
  walMode: boolean,
  copy: string,
  waitMs: number,
): Promise<Attempt> {
  try {
    // Made here, so that a temporary directory that takes no files is told from a database that gives none.
    writeFileSync(copy, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    return { kind: "no-room", code: systemCode(error), reason: systemReason(error) };
  }
  const atRest = walMode && (files.wal === undefined || files.shm === undefined);
  const attempt = atRest ? copyAtRest(files, copy) : await copyThroughConnection(files, copy, waitMs);
  return attempt.kind === "copied" ? checkCopy(copy) : attempt;
}

function isWalMode(header: Buffer): boolean {
  return header[WRITE_VERSION_OFFSET] === WAL_VERSION || header[READ_VERSION_OFFSET] === WAL_VERSION;
}

function finished({ main, wal }: DatabaseFiles, copy: string): CopyAnswer {
  const walIsLater = wal !== undefined && wal.mtimeNs > main.mtimeNs;
  return {
    kind: "copied",
    size: statSync(copy).size,
    mode: Number(main.mode) & 0o777,
    mtimeNs: walIsLater ? wal.mtimeNs : main.mtimeNs,
  };
}
