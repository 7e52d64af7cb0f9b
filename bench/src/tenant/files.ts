/** Lists regular files. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Regular files below some directories of a tenant, as sorted paths relative to it. Names that are not UTF-8 are left out. */
export function filesBelow(root: string, ...directories: readonly string[]): string[] {
  return directories
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) => list(root, directory));
}

function list(root: string, directory: string): string[] {
  const entries = readdirSync(join(root, directory), { withFileTypes: true })
    .filter(({ name }) => !name.includes("\ufffd"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return list(root, path);
    return entry.isFile() ? [path] : [];
  });
}
