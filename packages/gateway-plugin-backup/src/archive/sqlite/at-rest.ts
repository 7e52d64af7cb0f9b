/** Copies a database that nothing writes to, byte for byte. For the helper process only: see `helper.ts`. */
import { chmodSync, closeSync, constants, copyFileSync, fstatSync, openSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { nameOf, openPathHandle } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { endsAsSuperJournal, SUPER_JOURNAL_END_BYTES } from "../super-journal.js";
import { systemCode, systemReason } from "../../system-error.js";
import { lookAt } from "./database-files.js";
import type { Attempt, DatabaseFiles } from "./database-files.js";
import { identityOf } from "./protocol.js";

/**
 * File times move in ticks of the kernel's timer, 10 ms at most: a file whose status is this far from now would show
 * another time if it were written now.
 */
const SETTLED_MS = 50;

const CHANGING: Attempt = { kind: "again", reason: "it keeps being changed while it is copied" };

/**
 * Copies the database to `copy`, its WAL and journal, if there are any, to `copy`-wal and `copy`-journal. Because none of
 * them has changed meanwhile, the copies are what a crash at that moment would have left, and SQLite makes a consistent
 * database of that when it opens them.
 */
export function copyAtRest(files: DatabaseFiles, copy: string): Attempt {
  return attempt(() => {
    const parts = [
      ["", files.main],
      ["-wal", files.wal],
      ["-journal", files.journal],
    ] as const;
    if (!parts.every(([, stats]) => isSettled(stats))) return CHANGING;
    for (const [suffix, stats] of parts) {
      const name = `${files.name}${suffix}` as RawPath;
      if (stats !== undefined && !copyFile(files.directory, name, stats, `${copy}${suffix}`)) return CHANGING;
    }
    if (!isUnchanged(files)) return CHANGING;
    if (files.journal !== undefined && namesSuperJournal(`${copy}-journal`)) {
      const reason =
        "a crash left it in the middle of a commit to several databases; the program that uses them must open it first";
      return { kind: "unreadable", reason };
    }
    return { kind: "copied" };
  });
}

/** Copies an encrypted database, which has neither WAL nor journal. */
export function copyAlone(files: DatabaseFiles, copy: string): Attempt {
  return attempt(() => {
    if (!isSettled(files.main)) return CHANGING;
    const isWhole = copyFile(files.directory, files.name, files.main, copy) && isUnchanged(files);
    return isWhole ? { kind: "copied" } : CHANGING;
  });
}

/** Copies an encrypted database, or whatever it is, though it is being written to. */
export function copyAsItIs(files: DatabaseFiles, copy: string): Attempt {
  return attempt(() =>
    copyFile(files.directory, files.name, undefined, copy) ? { kind: "mixed" } : CHANGING,
  );
}

function attempt(copy: () => Attempt): Attempt {
  try {
    return copy();
  } catch (error) {
    const code = systemCode(error);
    const reason = systemReason(error);
    return code === "EACCES" || code === "EIO"
      ? { kind: "unreadable", reason }
      : { kind: "no-room", code, reason };
  }
}

function isSettled(stats: BigIntStats | undefined): boolean {
  return stats === undefined || Math.abs(Date.now() - Number(stats.ctimeMs)) > SETTLED_MS;
}

/** False when the name no longer stands for the file that is meant; `stats` undefined means any file. */
function copyFile(directory: number, name: RawPath, stats: BigIntStats | undefined, copy: string): boolean {
  const handle = openPathHandle(directory, name);
  if (handle === undefined) return false;
  try {
    const now = fstatSync(handle, { bigint: true });
    if (!now.isFile() || (stats !== undefined && identityOf(now) !== identityOf(stats))) return false;
    copyFileSync(nameOf(handle), copy, constants.COPYFILE_FICLONE);
    chmodSync(copy, 0o600);
    return true;
  } finally {
    closeSync(handle);
  }
}

/** Nothing was written to any of the files, and nobody has opened the database: that would have made another one. */
function isUnchanged(before: DatabaseFiles): boolean {
  const after = lookAt(before.directory, before.name);
  if (after === undefined || (after.shm === undefined) !== (before.shm === undefined)) return false;
  return (["main", "wal", "journal"] as const).every(
    (part) => stateOf(after[part]) === stateOf(before[part]),
  );
}

function stateOf(stats: BigIntStats | undefined): string | undefined {
  return stats === undefined ? undefined : identityOf(stats);
}

/**
 * Rolling such a journal back makes SQLite delete the file that it names, wherever that lies. A journal in a tenant's
 * workspace may be anyone's work.
 */
function namesSuperJournal(journal: string): boolean {
  const handle = openSync(journal, constants.O_RDONLY);
  try {
    const position = fstatSync(handle).size - SUPER_JOURNAL_END_BYTES;
    const end = Buffer.alloc(SUPER_JOURNAL_END_BYTES);
    return position > 0 && readSync(handle, end, 0, end.length, position) > 0 && endsAsSuperJournal(end);
  } finally {
    closeSync(handle);
  }
}
