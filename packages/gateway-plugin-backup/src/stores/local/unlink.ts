import { lstatSync, unlinkSync } from "node:fs";
import { openDirectory, type OpenDirectory } from "./directories.js";
import { undefinedOn } from "./file-errors.js";
import { fileInfo } from "./file-info.js";

/** Fine when it is not there. Throws as `openDirectory`, and system errors. */
export function unlink(path: string, name: string, roots: readonly string[]): void {
  const directory = openDirectory(path, roots);
  if (directory === undefined) return;
  try {
    unlinkDurably(directory, name);
  } finally {
    directory.close();
  }
}

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
    unlinkDurably(directory, name);
    return true;
  } finally {
    directory.close();
  }
}

function unlinkDurably(directory: OpenDirectory, name: string): void {
  undefinedOn("ENOENT", () => {
    unlinkSync(directory.entry(name));
    directory.sync();
  });
}
