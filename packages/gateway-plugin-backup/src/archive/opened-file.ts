/** Opening one file of the tenant and reading it: synchronous, for worker threads. */
import { constants, fstatSync, openSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { nameOf, openPathHandle } from "./confined.js";
import type { RawPath } from "./raw-path.js";
import { systemCode } from "../system-error.js";

const { O_NOATIME, O_NONBLOCK, O_RDONLY } = constants;

/** Something that has a name, held by an O_PATH handle: known by its `fstat`, not opened yet. */
export interface HeldFile {
  readonly handle: number;
  readonly stats: BigIntStats;
}

/** Looks for the name once more when it is gone: a program that replaces a file may leave it nameless for a moment. */
export function holdFile(directory: number, name: RawPath): HeldFile | undefined {
  const handle = openPathHandle(directory, name) ?? openPathHandle(directory, name);
  return handle === undefined ? undefined : { handle, stats: fstatSync(handle, { bigint: true }) };
}

/**
 * Opens a held regular file for reading: the very file whose `stats` were looked at, whatever has its name by now.
 * Leaves the access time as it is where the owner of the file may ask for that.
 */
export function openHeld(file: HeldFile): number {
  const flags = O_RDONLY | O_NONBLOCK;
  try {
    return openSync(nameOf(file.handle), flags | O_NOATIME);
  } catch (error) {
    if (systemCode(error) !== "EPERM") throw error;
    return openSync(nameOf(file.handle), flags);
  }
}

/** Fills `target` from `position` of the file on; returns how many bytes there were. */
export function readFully(handle: number, target: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(handle, target, filled, target.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
