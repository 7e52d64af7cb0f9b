/**
 * Reaching a file below a tenant's `workspace/` without ever following a link. Node has no `openat`, and a path that is
 * checked and then opened by name can be led elsewhere when somebody swaps a parent in between. So each directory is
 * opened `O_DIRECTORY|O_NOFOLLOW`, and its children are reached through `/proc/self/fd/N/name`: the descriptor stays
 * with the directory that was checked, wherever its name points by now.
 *
 * Descriptors that are opened here are closed in the gateway's process, which drops every POSIX lock that the process
 * has on the file. Therefore no part of the gateway keeps an SQLite connection below `workspace/` (its own databases lie
 * elsewhere in the tenant, out of reach of this API); a database of another process loses nothing.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, type FileHandle } from "node:fs/promises";
import { GatewayError } from "../errors.js";
import { isSystemError } from "../system-error.js";

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** An open directory. Close it when nothing below it is used any more. */
export class ConfinedDirectory {
  readonly handle: FileHandle;

  constructor(handle: FileHandle) {
    this.handle = handle;
  }

  /** A path by which the directory itself is listed. */
  get path(): string {
    return `/proc/self/fd/${this.handle.fd}`;
  }

  /** A path by which the child `name` is reached, whatever becomes of the directory's own name. */
  child(name: string): string {
    return `${this.path}/${name}`;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

export interface OpenOptions {
  /** Make the directories that are missing, mode 0700. */
  readonly create: boolean;
}

/**
 * Opens `root` and from there, one by one, `components`. Resolves with the directory, or with how many components of
 * the path are there when the next one is missing. Throws `PATH_NOT_ALLOWED` at a link and `FILE_CONFLICT` at a file.
 */
export async function openConfined(
  root: string,
  components: readonly string[],
  options: OpenOptions,
): Promise<ConfinedDirectory | number> {
  let directory = new ConfinedDirectory(await open(root, OPEN_DIRECTORY));
  for (const [depth, name] of components.entries()) {
    const parent = directory;
    try {
      const child = await openChild(parent, components.slice(0, depth + 1), name, options);
      if (child === undefined) return depth;
      directory = child;
    } finally {
      await parent.close();
    }
  }
  return directory;
}

async function openChild(
  parent: ConfinedDirectory,
  upTo: readonly string[],
  name: string,
  options: OpenOptions,
): Promise<ConfinedDirectory | undefined> {
  const path = parent.child(name);
  if (options.create) {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (!isSystemError(error, "EEXIST")) throw error;
    });
  }
  try {
    return new ConfinedDirectory(await open(path, OPEN_DIRECTORY));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    if (!isSystemError(error, "ENOTDIR", "ELOOP")) throw error;
    const shown = upTo.join("/");
    const status = await lstat(path);
    if (status.isSymbolicLink()) throw new GatewayError("PATH_NOT_ALLOWED", `${shown} is a link`);
    throw new GatewayError("FILE_CONFLICT", `${shown} is not a directory`);
  }
}
