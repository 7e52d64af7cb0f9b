/** Entry of the thread behind tree.ts. Names are raw bytes: not every file name is UTF-8. */
import { randomUUID } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { isSystemError } from "../system-error.js";

export interface TreeRequest {
  readonly work: "remove" | "measure";
  readonly directory: string;
}

export interface TreeReply {
  readonly bytes: number;
  readonly entries: number;
}

function remove(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (!isSystemError(error, "EACCES", "EPERM", "ENAMETOOLONG")) throw error;
    flatten(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Makes every directory of the tree writable and moves it to the top. Go's module cache, for one, makes its directories
 * read-only; and a path that was reached step by step can be longer than the kernel takes.
 */
function flatten(top: string): void {
  const unused = `${top}/${randomUUID()}-`;
  let moved = 0;
  const pending = [top];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    chmodSync(directory, 0o700);
    for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
      if (!entry.isDirectory()) continue;
      const found = child(Buffer.from(directory), entry.name);
      const destination = `${unused}${moved++}`;
      // To move a directory is to write into it, too.
      chmodSync(found, 0o700);
      renameSync(found, destination);
      pending.push(destination);
    }
  }
}

function measure(directory: Buffer): TreeReply {
  let bytes = 0;
  let entries = 0;
  const pending = [directory];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of readDirectory(at)) {
      entries += 1;
      if (entry.isDirectory()) pending.push(child(at, entry.name));
      else if (entry.isFile()) bytes += fileSize(child(at, entry.name));
    }
  }
  return { bytes, entries };
}

function readDirectory(directory: Buffer) {
  try {
    return readdirSync(directory, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    // Tenants live on while they are measured.
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
}

function fileSize(file: Buffer): number {
  return lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function child(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}

const request = workerData as TreeRequest;
if (request.work === "remove") remove(request.directory);
const reply: TreeReply =
  request.work === "measure" ? measure(Buffer.from(request.directory)) : { bytes: 0, entries: 0 };
parentPort?.postMessage(reply);
