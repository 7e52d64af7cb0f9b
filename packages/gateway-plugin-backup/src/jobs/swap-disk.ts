import { lstat, open, rename, rmdir } from "node:fs/promises";
import { systemCode } from "../system-error.js";
import { makeDirectory } from "./make-directory.js";

/** What a swap does to the disk: a handful of calls on directories, none of which looks inside a tenant. */
export interface SwapDisk {
  exists(path: string): Promise<boolean>;
  /** With its parents, 0700; fine when it is there. */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes what was renamed into or out of a directory durable; fine when it is not there. */
  syncDirectory(path: string): Promise<void>;
  /** Leaves a directory alone that is not empty; fine when it is not there. */
  removeEmptyDirectory(path: string): Promise<void>;
}

export const nodeSwapDisk: SwapDisk = {
  async exists(path) {
    return (await unless(["ENOENT"], lstat(path))) !== undefined;
  },

  makeDirectory,

  rename,

  async syncDirectory(path) {
    const directory = await unless(["ENOENT"], open(path, "r"));
    if (directory === undefined) return;
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },

  async removeEmptyDirectory(path) {
    // A read-only file system refuses even to remove what is not there.
    if ((await unless(["ENOENT"], lstat(path))) === undefined) return;
    // POSIX lets rmdir say either code for a directory that is not empty.
    await unless(["ENOENT", "ENOTEMPTY", "EEXIST"], rmdir(path));
  },
};

async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codes.includes(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}
