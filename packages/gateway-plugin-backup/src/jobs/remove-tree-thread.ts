/** Entry of the thread behind `removeTree`. */
import { randomUUID } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { lowerThreadPriority } from "../archive/threads/priority.js";
import { REMOVING_SUFFIX } from "./remove-tree.js";

function removeTree(directory: string): void {
  const doomed = directory.endsWith(REMOVING_SUFFIX) ? directory : directory + REMOVING_SUFFIX;
  // An earlier removal may have been cut off; a rename onto what it left would fail.
  remove(doomed);
  if (doomed !== directory) {
    if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return;
    renameSync(directory, doomed);
    remove(doomed);
  }
}

function remove(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENAMETOOLONG") throw error;
    flatten(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Makes every directory of the tree writable and moves it to the top. A tenant's directories keep the modes they had, and
 * one without "w" holds on to its entries; a path that was reached step by step can be longer than the kernel takes.
 * Names are bytes: one that is not UTF-8 must be found again.
 */
function flatten(top: string): void {
  const unused = `${top}/${randomUUID()}-`;
  let moved = 0;
  const pending = [top];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    chmodSync(directory, 0o700);
    for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
      if (!entry.isDirectory()) continue;
      const found = Buffer.concat([Buffer.from(`${directory}/`), entry.name]);
      const destination = `${unused}${moved++}`;
      // To move a directory is to write into it, too.
      chmodSync(found, 0o700);
      renameSync(found, destination);
      pending.push(destination);
    }
  }
}

lowerThreadPriority();
removeTree(workerData as string);
