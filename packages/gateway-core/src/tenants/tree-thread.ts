/** Entry of the thread behind tree.ts. Names are raw bytes: not every file name is UTF-8. */
import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
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
    if (!isSystemError(error, "EACCES", "EPERM")) throw error;
    // Go's module cache, for one, makes its directories read-only.
    makeWritable(Buffer.from(directory));
    rmSync(directory, { recursive: true, force: true });
  }
}

function makeWritable(directory: Buffer): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
    if (entry.isDirectory()) makeWritable(child(directory, entry.name));
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
