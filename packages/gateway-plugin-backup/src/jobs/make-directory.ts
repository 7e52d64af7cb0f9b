import { mkdir } from "node:fs/promises";
import path from "node:path";

/**
 * Makes a directory (0700) with its parents; fine when it is there. Not by Node's own recursive `mkdir`: that says ENOENT
 * where the file system is read-only, because it looks for the directory it could not make.
 */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT") throw error;
    await makeDirectory(path.dirname(directory));
    await makeDirectory(directory);
  }
}
