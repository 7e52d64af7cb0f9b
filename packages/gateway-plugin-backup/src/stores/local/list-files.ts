import { lstatSync, readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type { ObjectInfo } from "../store.js";
import { OpenDirectory } from "./directories.js";
import { fileError, undefinedOn } from "./file-errors.js";
import { fileInfo } from "./file-info.js";
import { isPartialName } from "./file-upload.js";

/**
 * The regular files below `directory` whose path below it starts with `namePrefix`; links are not followed. `base` is
 * put before each path. Closes `directory`.
 */
export async function* listFiles(
  directory: OpenDirectory,
  base: string,
  namePrefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  try {
    signal?.throwIfAborted();
    await turn();
    for (const entry of readdirSync(directory.entry("."), { withFileTypes: true })) {
      const { name } = entry;
      if (!name.startsWith(namePrefix) || isPartialName(name)) continue;
      if (entry.isDirectory()) {
        const child = undefinedOn("ENOENT", () => new OpenDirectory(directory.entry(name)));
        if (child !== undefined) yield* listFiles(child, `${base}${name}/`, "", signal);
      } else if (entry.isFile()) {
        const stats = undefinedOn("ENOENT", () => lstatSync(directory.entry(name), { bigint: true }));
        if (stats?.isFile() === true) yield fileInfo(base + name, stats);
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw fileError(error, "reading", `list ${base}${namePrefix}`, directory.path);
  } finally {
    directory.close();
  }
}
