/**
 * The walk over a tenant's directory: synchronous, for worker threads. Every directory is opened without following
 * links and everything below it is reached through its handle. Paths come in the order of their bytes, each directory
 * before what it holds. Kept in memory are the listings of the directories that are open, from the root to the current.
 */
import { closeSync, fstatSync, readdirSync } from "node:fs";
import type { BigIntStats, Dirent } from "node:fs";
import { nameOf, openSubdirectory, statIn } from "./confined.js";
import { MAX_PATH_BYTES } from "./entry-name.js";
import type { Exclude } from "./exclude.js";
import { joinRaw, rawPath, rawPathFromBytes } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { systemCode } from "./system-error.js";
import type { Warnings } from "./warnings.js";

/** Terminal state that means nothing once its process is gone; never archived. */
const EPHEMERAL_DIRECTORY = rawPath("pty");

export type ChildType = "file" | "directory" | "symlink" | "special";

export interface Child {
  readonly name: RawPath;
  readonly type: ChildType;
}

/** A directory while the walk is in it. */
export interface ListedDirectory {
  /** Relative to the tenant's directory; "" for that one itself. */
  readonly path: RawPath;
  /** Open until the walk leaves the directory. */
  readonly handle: number;
  /** In the order of the walk. */
  readonly children: readonly Child[];
  /** Index in `children` of the one that the walk is at. */
  position: number;
}

export type WalkItem =
  | { readonly type: "directory"; readonly path: RawPath; readonly stats: BigIntStats }
  | {
      readonly type: "file" | "symlink";
      readonly path: RawPath;
      readonly name: RawPath;
      readonly directory: ListedDirectory;
    };

export interface WalkOptions {
  /** Handle of the tenant's directory; stays the caller's. */
  readonly root: number;
  /** Bytes that the archive puts before each path: `tenants/acme/`. */
  readonly prefixBytes: number;
  readonly isExcluded: Exclude;
  /** An excluded directory counts as one, without what it holds. */
  onExcluded(bytes: number): void;
  readonly warnings: Warnings;
}

/** Throws FILE_UNREADABLE for a directory that cannot be read, unless the warnings allow it. */
export function* walk(options: WalkOptions): Generator<WalkItem, void, void> {
  const open: ListedDirectory[] = [];
  const enter = (parent: number, name: RawPath, path: RawPath): WalkItem[] => {
    const directory = openDirectory(options.warnings, parent, name, path);
    if (directory === undefined) return [];
    open.push(directory);
    return [{ type: "directory", path, stats: fstatSync(directory.handle, { bigint: true }) }];
  };
  try {
    yield* enter(options.root, "." as RawPath, "" as RawPath);
    for (let directory = open.at(-1); directory !== undefined; directory = open.at(-1)) {
      const child = directory.children[++directory.position];
      if (child === undefined) {
        open.pop();
        closeSync(directory.handle);
        continue;
      }
      const path = joinRaw(directory.path, child.name);
      if (isLeftOut(options, directory, child, path)) continue;
      if (child.type === "directory") yield* enter(directory.handle, child.name, path);
      else if (child.type !== "special") yield { type: child.type, path, name: child.name, directory };
    }
  } finally {
    for (const directory of open) closeSync(directory.handle);
  }
}

function isLeftOut(options: WalkOptions, directory: ListedDirectory, child: Child, path: RawPath): boolean {
  if (directory.path === "" && child.name === EPHEMERAL_DIRECTORY && child.type === "directory") return true;
  if (options.isExcluded(path)) {
    options.onExcluded(child.type === "file" ? Number(statIn(directory.handle, child.name)?.size ?? 0) : 0);
    return true;
  }
  if (child.type === "special") {
    options.warnings.add("SPECIAL_FILE", path, "Left out: a socket, FIFO or device cannot be archived.");
    return true;
  }
  if (options.prefixBytes + path.length > MAX_PATH_BYTES) {
    options.warnings.add(
      "NAME_TOO_LONG",
      path,
      `Left out: its path in the archive is over ${MAX_PATH_BYTES} bytes.`,
    );
    return true;
  }
  return false;
}

/** Opens and lists a directory. One that vanished or was replaced is looked for once more, then reported. */
function openDirectory(
  warnings: Warnings,
  parent: number,
  name: RawPath,
  path: RawPath,
): ListedDirectory | undefined {
  for (let attempt = 1; ; attempt++) {
    let handle: number | undefined;
    try {
      handle = openSubdirectory(parent, name);
      return { path, handle, children: listChildren(handle), position: -1 };
    } catch (error) {
      if (handle !== undefined) closeSync(handle);
      if (isReplaced(error) && attempt === 1) continue;
      if (isReplaced(error))
        warnings.add("FILE_VANISHED", path, "This directory vanished or was replaced while the backup ran.");
      else warnings.unreadableBecause(path, error);
      return undefined;
    }
  }
}

/** An attempt to open a directory failed because its name is gone or stands for something else by now. */
export function isReplaced(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
}

function listChildren(handle: number): Child[] {
  const children = readdirSync(nameOf(handle), { encoding: "buffer", withFileTypes: true }).map((entry) => ({
    name: rawPathFromBytes(entry.name),
    type: childType(entry),
  }));
  // With its slash a directory sorts where the paths of what it holds sort: `a-b` stands before `a/x`.
  const key = (child: Child): string => (child.type === "directory" ? `${child.name}/` : child.name);
  return children.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function childType(entry: Dirent<Buffer>): ChildType {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "special";
}
