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
import { undefinedOn } from "./file-errors.js";

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
  return (
    undefinedOn("ENOENT", () => realpathSync.native(path)) ??
    join(resolveExisting(dirname(path)), basename(path))
  );
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
  return undefinedOn("ENOENT", () => checked(new OpenDirectory(real), path, roots));
}

/** Closes the directory unless it really lies under one of the roots. */
function checked(directory: OpenDirectory, asked: string, roots: readonly string[]): OpenDirectory {
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
  try {
    return { directory: checked(openOrMake(real, made), path, roots), made };
  } catch (error) {
    removeEmpty(made);
    throw error;
  }
}

/** Adds to `made` what did not exist. */
function openOrMake(real: string, made: string[]): OpenDirectory {
  const existing = undefinedOn("ENOENT", () => new OpenDirectory(real));
  if (existing !== undefined) return existing;
  const name = basename(real);
  const parent = openOrMake(dirname(real), made);
  try {
    if (makeEntry(parent, name)) made.push(join(parent.path, name));
    return new OpenDirectory(parent.entry(name));
  } finally {
    parent.close();
  }
}

/** False when it was there, or another job was faster. */
function makeEntry(parent: OpenDirectory, name: string): boolean {
  const isNew =
    undefinedOn("EEXIST", () => {
      mkdirSync(parent.entry(name), 0o700);
      return true;
    }) === true;
  if (isNew) parent.sync();
  return isNew;
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
