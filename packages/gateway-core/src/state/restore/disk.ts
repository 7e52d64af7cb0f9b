import { readFileSync } from "node:fs";
import { lstat, mkdir, open, readdir, realpath, rename, rmdir } from "node:fs/promises";
import { isSystemError } from "../../system-error.js";
import { writeFileAtomic } from "../atomic-write.js";
import { readSmallFile } from "../small-file.js";
import { decodeRaw, type RawPath } from "./raw-path.js";

export interface DirectoryEntry {
  readonly name: RawPath;
  /** A directory itself, not a link to one. */
  readonly isDirectory: boolean;
}

/** All that a restore of the whole state does to the disk; none of it looks inside a file of the state. */
export interface RestoreDisk {
  exists(path: RawPath): Promise<boolean>;
  /** Where the existing path leads when every link is followed; undefined where there is nothing. */
  resolve(path: RawPath): Promise<RawPath | undefined>;
  /** Sorted by name; none where there is no such directory. */
  list(directory: RawPath): Promise<readonly DirectoryEntry[]>;
  /** Absolute paths of what is mounted in this process's view. */
  mountPoints(): readonly RawPath[];
  /** With its parents, 0700; fine when it is there. */
  makeDirectory(path: RawPath): Promise<void>;
  /** The caller has seen that nothing is at `to`. */
  rename(from: RawPath, to: RawPath): Promise<void>;
  syncDirectory(path: RawPath): Promise<void>;
  /** Leaves a directory alone that is not empty; fine when it is not there. */
  removeEmptyDirectory(path: RawPath): Promise<void>;
  /** Undefined where there is no such file. */
  readText(path: RawPath): Promise<string | undefined>;
  /** Whole or not at all, durably, mode 0600. */
  writeText(path: RawPath, text: string): Promise<void>;
}

/** More than all the names of two volumes' first levels. */
const JOURNAL_BYTES_MAX = 64 * 1024 * 1024;

export const nodeRestoreDisk: RestoreDisk = {
  async exists(path) {
    return (await unless(["ENOENT", "ENOTDIR"], lstat(bytes(path)))) !== undefined;
  },

  async resolve(path) {
    const found = await unless(["ENOENT", "ENOTDIR"], realpath(bytes(path), { encoding: "latin1" }));
    return found as RawPath | undefined;
  },

  async list(directory) {
    const names = await unless(["ENOENT"], readdir(bytes(directory), { encoding: "latin1" }));
    const entries: DirectoryEntry[] = [];
    for (const name of (names ?? []).sort() as RawPath[]) {
      const status = await unless(["ENOENT"], lstat(bytes(`${directory}/${name}` as RawPath)));
      if (status !== undefined) entries.push({ name, isDirectory: status.isDirectory() });
    }
    return entries;
  },

  mountPoints() {
    try {
      return mountPointsIn(readFileSync("/proc/self/mountinfo", "latin1"));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    }
  },

  async makeDirectory(path) {
    await mkdir(bytes(path), { recursive: true, mode: 0o700 });
  },

  rename: (from, to) => rename(bytes(from), bytes(to)),

  async syncDirectory(path) {
    const directory = await open(bytes(path), "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },

  async removeEmptyDirectory(path) {
    // POSIX lets rmdir say either code for a directory that is not empty.
    await unless(["ENOENT", "ENOTEMPTY", "EEXIST"], rmdir(bytes(path)));
  },

  readText: (path) => unless(["ENOENT"], readSmallFile(decodeRaw(path), JOURNAL_BYTES_MAX)),
  writeText: (path, text) => writeFileAtomic(decodeRaw(path), text),
};

/** Of a `mountinfo` in latin1: its fifth field, where spaces and the like stand as three octal digits (proc(5)). */
export function mountPointsIn(mountinfo: string): readonly RawPath[] {
  return mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((field) => field !== undefined)
    .map((field) =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    ) as RawPath[];
}

function bytes(path: RawPath): Buffer {
  return Buffer.from(path, "latin1");
}

async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isSystemError(error, ...codes)) return undefined;
    throw error;
  }
}
