import { lstatSync, unlinkSync } from "node:fs";
import { openDirectory } from "./directories.js";
import { errnoOf } from "./file-errors.js";
import { fileInfo } from "./file-info.js";

/**
 * Removes the file that an etag of `fileInfo` describes; false when another one has its name. True also when there is
 * none. A link is another one: archives are never stored as links. Throws as `openDirectory`, and system errors.
 */
export function unlinkIfSame(path: string, name: string, etag: string, roots: readonly string[]): boolean {
  const directory = openDirectory(path, roots);
  if (directory === undefined) return true;
  try {
    const stats = lstatSync(directory.entry(name), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return true;
    if (fileInfo(name, stats).etag !== etag) return false;
    unlinkSync(directory.entry(name));
    directory.sync();
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return true;
    throw error;
  } finally {
    directory.close();
  }
}
