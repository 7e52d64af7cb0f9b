/** Copies a database that nobody has open, byte for byte. For the helper process only: see `helper.ts`. */
import { chmodSync, closeSync, constants, copyFileSync, fstatSync } from "node:fs";
import { nameOf, openPathHandle } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { systemCode, systemReason } from "../system-error.js";
import { lookAt } from "./database-files.js";
import type { Attempt, DatabaseFiles } from "./database-files.js";
import { identityOf } from "./protocol.js";

/**
 * File times move in ticks of the kernel's timer, 10 ms at most: a file whose status is this far from now would show
 * another time if it were written now.
 */
const SETTLED_MS = 50;

/** Copies the database to `copy` and its WAL, if there is one, to `copy`-wal. */
export function copyAtRest(files: DatabaseFiles, copy: string): Attempt {
  const again: Attempt = { kind: "again", reason: "it keeps being changed while it is copied" };
  if (!isSettled(files.main.ctimeMs) || (files.wal !== undefined && !isSettled(files.wal.ctimeMs)))
    return again;
  try {
    if (!copyFile(files.directory, files.name, identityOf(files.main), copy)) return again;
    const walName = `${files.name}-wal` as RawPath;
    if (files.wal !== undefined && !copyFile(files.directory, walName, identityOf(files.wal), `${copy}-wal`))
      return again;
  } catch (error) {
    const code = systemCode(error);
    const reason = systemReason(error);
    return code === "EACCES" || code === "EIO"
      ? { kind: "unreadable", reason }
      : { kind: "no-room", code, reason };
  }
  return isUnchanged(files) ? { kind: "copied" } : again;
}

function isSettled(ctimeMs: bigint): boolean {
  return Math.abs(Date.now() - Number(ctimeMs)) > SETTLED_MS;
}

/** False when the name no longer stands for the file that is meant. */
function copyFile(directory: number, name: RawPath, identity: string, copy: string): boolean {
  const handle = openPathHandle(directory, name);
  if (handle === undefined) return false;
  try {
    if (identityOf(fstatSync(handle, { bigint: true })) !== identity) return false;
    copyFileSync(nameOf(handle), copy, constants.COPYFILE_FICLONE);
    chmodSync(copy, 0o600);
    return true;
  } finally {
    closeSync(handle);
  }
}

/** Nothing was written to the database or its WAL, and nobody has opened it: that would have made a `-shm`. */
function isUnchanged(before: DatabaseFiles): boolean {
  const after = lookAt(before.directory, before.name);
  if (after === undefined || identityOf(after.main) !== identityOf(before.main)) return false;
  if ((after.shm === undefined) !== (before.shm === undefined)) return false;
  if (before.wal === undefined || after.wal === undefined) return before.wal === after.wal;
  return identityOf(after.wal) === identityOf(before.wal);
}
