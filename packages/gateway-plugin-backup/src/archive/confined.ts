/**
 * Opening what lies below a directory without being led out of it. Node has no `openat`; `/proc/self/fd/N/name` is the
 * same thing: the kernel goes from the open directory N, so only the last component can be a link, and O_NOFOLLOW
 * refuses that. A path that is checked and then opened by name can be led elsewhere by a swapped parent.
 */
import { closeSync, constants, lstatSync, openSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import type { RawPath } from "./raw-path.js";
import { systemCode } from "../system-error.js";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
const HERE = "." as RawPath;

/**
 * A handle that stands for a file without opening it (asm-generic/fcntl.h; Node has no name for it). Closing such a
 * handle does not drop the process's POSIX locks on the file, and opening one never waits, not even for a FIFO.
 */
export const O_PATH = 0o10000000;

/** What `fs` functions take to reach `name` in the open directory `directory`. */
export function nameIn(directory: number, name: RawPath): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, "latin1");
}

/** The open file or directory itself, as a name. */
export function nameOf(handle: number): string {
  return `/proc/self/fd/${handle}`;
}

/** @param directory Absolute path; its parents are trusted, the directory itself must not be a link. */
export function openRootDirectory(directory: string): number {
  return openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

export function openSubdirectory(parent: number, name: RawPath): number {
  return openSync(nameIn(parent, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/** Opens the directory at `path` below `root`, component by component; "" gives another handle of the root. */
export function openDirectoryBelow(root: number, path: RawPath): number {
  let handle = openSubdirectory(root, HERE);
  for (const component of path === "" ? [] : path.split("/")) {
    try {
      const next = openSubdirectory(handle, component as RawPath);
      closeSync(handle);
      handle = next;
    } catch (error) {
      closeSync(handle);
      throw error;
    }
  }
  return handle;
}

/** A handle with O_PATH of the last component itself, be it a link; undefined when there is nothing of that name. */
export function openPathHandle(directory: number, name: RawPath): number | undefined {
  try {
    return openSync(nameIn(directory, name), O_PATH | O_NOFOLLOW);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** `lstat` of a name in an open directory; undefined when there is nothing of that name. */
export function statIn(directory: number, name: RawPath): BigIntStats | undefined {
  return lstatSync(nameIn(directory, name), { bigint: true, throwIfNoEntry: false });
}

/** `stat` of an open directory. Fails without the right to search it: then it can be listed, but nothing in it reached. */
export function statOfSearchable(directory: number): BigIntStats {
  return lstatSync(nameIn(directory, HERE), { bigint: true });
}
