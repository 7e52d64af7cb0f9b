import { readdirSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import type { BackupConfig } from "../../config.js";
import { systemCode } from "../../system-error.js";

/**
 * Where archives lie that must outlive what they are restored over: the embedded destination, every configured place on
 * disk, and what is being restored from. Absolute; those that are there and not empty.
 */
export function archivePlaces(
  backups: string,
  { localRoots, destinations }: Pick<BackupConfig, "localRoots" | "destinations">,
  source: string | undefined,
): readonly string[] {
  const urls = Object.values(destinations).map(({ url }) => url);
  const places = [backups, ...localRoots, ...urls.filter((url) => url.startsWith("/"))];
  return [...places, ...(source === undefined ? [] : [source])].filter(holdsSomething);
}

/** The paths that lie below a directory, relative to it, links resolved. */
export function pathsBelow(directory: string, paths: readonly string[]): readonly string[] {
  return paths
    .map((path) => relative(directory, nearestPath(path)))
    .filter((below) => below !== "" && below !== ".." && !below.startsWith("../"));
}

/** False for an empty directory, and for what is not there. */
export function holdsSomething(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch (error) {
    return systemCode(error) !== "ENOENT";
  }
}

/** The path, links resolved, or its nearest parent that is there. */
export function nearestPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return nearestPath(join(path, ".."));
  }
}
