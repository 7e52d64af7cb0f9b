/**
 * Paths under the configured roots, held by open directories.
 *
 * A path that was checked and is then opened by name can be led elsewhere by whoever swaps one of its parents for a
 * link in between. So a directory is opened first, the system is asked where it really lies, and everything inside is
 * reached through it (`/proc/self/fd/N/name`, because Node has no `openat`).
 */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { BackupError } from "../../errors.js";
import { errnoOf } from "./file-errors.js";

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export class OpenDirectory {
  readonly path: string;
  readonly #fd: number;

  /** Opens what `path` names, which must not be a link itself. Throws system errors. */
  constructor(path: string) {
    this.#fd = openSync(path, DIRECTORY_FLAGS);
    this.path = readlinkSync(`/proc/self/fd/${this.#fd}`);
  }

  /** A path that leads to the entry `name` of this very directory. */
  entry(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  /** Makes changes of names in it durable. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export interface SplitKey {
  readonly directory: string;
  readonly name: string;
}

/** Throws `LOCATION_INVALID` for a key that cannot be an archive's absolute path. */
export function splitKey(key: string): SplitKey {
  if (!isAbsolute(key) || normalize(key) !== key || key.endsWith("/") || key.includes("\0")) {
    throw new BackupError("LOCATION_INVALID", `${JSON.stringify(key)} is not the absolute path of a file`);
  }
  return { directory: dirname(key), name: basename(key) };
}

/** Where `path` leads when every link in its existing part is followed. */
export function resolveExisting(path: string): string {
  const missing: string[] = [];
  for (let existing = path; ; existing = dirname(existing)) {
    try {
      return join(realpathSync.native(existing), ...missing);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      missing.unshift(basename(existing));
    }
  }
}

/** Throws `PATH_NOT_ALLOWED` unless `real` lies under one of the roots. */
function checkUnderRoots(real: string, asked: string, roots: readonly string[]): void {
  const under = roots
    .map(resolveExisting)
    .some((root) => real === root || root === "/" || real.startsWith(`${root}/`));
  if (under) return;
  const where = real === asked ? asked : `${asked} (really ${real})`;
  throw new BackupError("PATH_NOT_ALLOWED", `${where} lies under none of the local roots`, {
    details: { path: asked, roots },
  });
}

/** Undefined when the directory does not exist. To be closed. Throws `PATH_NOT_ALLOWED`, and system errors. */
export function openDirectory(path: string, roots: readonly string[]): OpenDirectory | undefined {
  const real = resolveExisting(path);
  checkUnderRoots(real, path, roots);
  try {
    return checkedOpen(real, path, roots);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function checkedOpen(opened: string, asked: string, roots: readonly string[]): OpenDirectory {
  const directory = new OpenDirectory(opened);
  try {
    checkUnderRoots(directory.path, asked, roots);
    return directory;
  } catch (error) {
    directory.close();
    throw error;
  }
}

export interface MadeDirectory {
  readonly directory: OpenDirectory;
  /** Directories that did not exist before, outermost first. */
  readonly made: readonly string[];
}

/** Opens a directory, and makes what is missing of it with mode 0700. Throws as {@link openDirectory}. */
export function makeDirectory(path: string, roots: readonly string[]): MadeDirectory {
  const real = resolveExisting(path);
  checkUnderRoots(real, path, roots);
  const made: string[] = [];
  let directory = deepestExisting(real);
  try {
    for (const name of real.slice(directory.path.length).split("/").filter(Boolean)) {
      const parent = directory;
      if (makeEntry(parent, name)) made.push(join(parent.path, name));
      directory = new OpenDirectory(parent.entry(name));
      parent.close();
    }
    checkUnderRoots(directory.path, path, roots);
    return { directory, made };
  } catch (error) {
    directory.close();
    removeEmpty(made);
    throw error;
  }
}

function deepestExisting(real: string): OpenDirectory {
  for (let path = real; ; path = dirname(path)) {
    try {
      return new OpenDirectory(path);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
}

/** False when it was there, or another job was faster. */
function makeEntry(parent: OpenDirectory, name: string): boolean {
  try {
    mkdirSync(parent.entry(name), 0o700);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
  parent.sync();
  return true;
}

/** Removes directories that were made in vain, innermost first, as far as nobody has put anything into them. */
export function removeEmpty(made: readonly string[]): void {
  for (const path of made.toReversed()) {
    try {
      rmdirSync(path);
    } catch {
      return;
    }
  }
}
