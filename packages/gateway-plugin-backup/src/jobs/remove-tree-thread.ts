/** Entry of the thread behind `removeTree`. */
import { chmodSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
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
    if (code !== "EACCES" && code !== "EPERM") throw error;
    // A tenant's directories keep the modes they had, and one without "w" holds on to its entries.
    makeWritable(Buffer.from(directory));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Names are bytes: one that is not UTF-8 must be found again. */
function makeWritable(directory: Buffer): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
    if (entry.isDirectory()) makeWritable(Buffer.concat([directory, Buffer.from(path.sep), entry.name]));
  }
}

lowerThreadPriority();
removeTree(workerData as string);
