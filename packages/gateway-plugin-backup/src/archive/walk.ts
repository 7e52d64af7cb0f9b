/**
 * The walk over a tenant's directory: synchronous, for worker threads. Every directory is opened without following
 * links and everything below it is reached through its handle. Paths come in the order of their bytes, each directory
 * before what it holds. Kept in memory are the listings of the directories from the root to the current one.
 */
import { closeSync, opendirSync, readdirSync } from "node:fs";
import type { BigIntStats, Dirent, OpenDirOptions } from "node:fs";
import { nameOf, openSubdirectory, statIn, statOfSearchable } from "./confined.js";
import { MAX_PATH_BYTES } from "./entry-name.js";
import type { Exclude } from "./exclude.js";
import { IGNORE_FILE, IgnoreFiles } from "./ignore-files.js";
import type { IgnoreLayer } from "./ignore-files.js";
import type { LeftOut, LeftOutReason } from "./left-out.js";
import { Listing } from "./listing.js";
import type { Child, Children, ChildType } from "./listing.js";
import type { NeverArchived } from "./never-archived.js";
import { identityOf, OpenDirectories, ReplacedError } from "./open-directories.js";
import type { Level } from "./open-directories.js";
import { joinRaw, rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { systemCode } from "../system-error.js";
import type { Warnings } from "./warnings.js";

const HERE = rawPath(".");

/** A directory while the walk is in it. */
export interface ListedDirectory {
  /** Relative to the tenant's directory; "" for that one itself. */
  readonly path: RawPath;
  /** Open while the walk is at a child of this directory. */
  readonly handle: number;
  /** In the order of the walk. */
  readonly children: Children;
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
  readonly isNeverArchived: NeverArchived;
  /** False: it may be large, and nobody wants to know of it. */
  readonly tellsOfNeverArchived: boolean;
  readonly warnings: Warnings;
  /**
   * Told of everything that the walk leaves out, with the sum of what it holds: that is looked for only when somebody
   * wants to be told.
   */
  readonly onLeftOut?: (item: LeftOut) => void;
}

/** Why an entry is left out. */
interface Verdict {
  readonly reason: LeftOutReason;
  readonly rule?: string;
}

interface OpenDirectory extends ListedDirectory, Level {
  handle: number;
  readonly ignore: IgnoreLayer | undefined;
  /** Of a directory that is left out, and of those below it: where to add up what it holds. */
  readonly leftOut: CountedLeftOut | undefined;
}

interface CountedLeftOut extends LeftOut {
  entries: number;
  bytes: number;
}

/** Throws FILE_UNREADABLE for a directory that cannot be read, unless the warnings allow it. */
export function* walk(options: WalkOptions): Generator<WalkItem, void, void> {
  const walking = new Walking(options);
  try {
    yield* walking.enter(HERE, rawPath(""));
    for (let directory = walking.deepest; directory !== undefined; directory = walking.deepest) {
      const child = directory.children.at(++directory.position);
      if (child === undefined) {
        walking.leave(directory);
        continue;
      }
      const path = joinRaw(directory.path, child.name);
      if (directory.leftOut !== undefined) walking.count(directory, directory.leftOut, child, path);
      else if (walking.isLeftOut(directory, child, path)) continue;
      else if (child.type === "directory") yield* walking.enter(child.name, path);
      else if (child.type !== "special") yield { type: child.type, path, name: child.name, directory };
    }
  } finally {
    walking.close();
  }
}

class Walking {
  readonly #options: WalkOptions;
  readonly #open: OpenDirectories<OpenDirectory>;
  readonly #ignoreFiles: IgnoreFiles;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#open = new OpenDirectories(options.root);
    this.#ignoreFiles = new IgnoreFiles(options.warnings);
  }

  get deepest(): OpenDirectory | undefined {
    return this.#open.deepest;
  }

  /** Opens a directory that is archived, in the deepest one. One that vanished or was replaced is looked for once more. */
  enter(name: RawPath, path: RawPath, isSecondAttempt = false): WalkItem[] {
    try {
      return [{ type: "directory", path, stats: this.#push(name, path, undefined) }];
    } catch (error) {
      if (isReplaced(error)) {
        if (!isSecondAttempt) return this.enter(name, path, true);
        this.#reportReplaced(path);
      } else {
        this.#options.warnings.unreadableBecause(path, error);
        this.#options.onLeftOut?.({ path, type: "directory", reason: "unreadable", entries: 1, bytes: 0 });
      }
      return [];
    }
  }

  leave(directory: OpenDirectory): void {
    const { leftOut } = directory;
    if (leftOut?.path === directory.path) this.#options.onLeftOut?.(leftOut);
    const lost = this.#open.pop();
    if (lost === undefined) return;
    const { level, error } = lost;
    level.position = level.children.length;
    if (level.leftOut !== undefined) return;
    if (error instanceof ReplacedError || isReplaced(error)) this.#reportReplaced(level.path);
    else this.#options.warnings.unreadableBecause(level.path, error);
  }

  /** Adds a child of a directory that is left out. What is too deep or cannot be read counts without what it holds. */
  count(directory: OpenDirectory, leftOut: CountedLeftOut, child: Child, path: RawPath): void {
    leftOut.entries++;
    if (child.type === "file") leftOut.bytes += sizeIn(directory, child);
    else if (child.type === "directory") this.#enterLeftOut(child.name, path, leftOut);
  }

  /** Whether a child of a directory that is archived is left out; reports it then. */
  isLeftOut(directory: OpenDirectory, child: Child, path: RawPath): boolean {
    const verdict = this.#judge(directory, child, path);
    if (verdict === undefined) return false;
    const { onLeftOut, tellsOfNeverArchived } = this.#options;
    if (onLeftOut === undefined || (verdict.reason === "ephemeral" && !tellsOfNeverArchived)) return true;
    const bytes = child.type === "file" ? sizeIn(directory, child) : 0;
    const item = { path, type: child.type, ...verdict, entries: 1, bytes };
    if (child.type !== "directory" || !this.#enterLeftOut(child.name, path, item)) onLeftOut(item);
    return true;
  }

  close(): void {
    this.#open.closeAll();
  }

  #judge(directory: OpenDirectory, child: Child, path: RawPath): Verdict | undefined {
    const { isExcluded, isNeverArchived, prefixBytes, warnings } = this.#options;
    if (isNeverArchived(path, child.name, child.type)) return { reason: "ephemeral" };
    const glob = isExcluded(path);
    if (glob !== undefined) return { reason: "config-exclude", rule: glob };
    const rule = this.#ignoreRule(directory, child, path);
    if (rule !== undefined) return { reason: "backupignore", rule };
    if (child.type === "special") {
      warnings.add("SPECIAL_FILE", path, "Left out: a socket, FIFO or device cannot be archived.");
      return { reason: "special-file" };
    }
    if (prefixBytes + path.length > MAX_PATH_BYTES) {
      const message = `Left out: its path in the archive is over ${MAX_PATH_BYTES} bytes.`;
      warnings.add("NAME_TOO_LONG", path, message);
      return { reason: "name-too-long" };
    }
    return undefined;
  }

  #ignoreRule({ ignore }: OpenDirectory, { name, type }: Child, path: RawPath): string | undefined {
    // The file itself is archived, so that a restored tenant has the same rules.
    if (ignore === undefined || (name === IGNORE_FILE && type === "file")) return undefined;
    return this.#ignoreFiles.ruleAgainst(ignore, path, type === "directory");
  }

  /** False when there is nothing to be looked at. */
  #enterLeftOut(name: RawPath, path: RawPath, item: CountedLeftOut): boolean {
    if (this.#options.prefixBytes + path.length > MAX_PATH_BYTES) return false;
    try {
      this.#push(name, path, item);
      return true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return false;
    }
  }

  /** Opens and lists a directory in the deepest one. */
  #push(name: RawPath, path: RawPath, leftOut: CountedLeftOut | undefined): BigIntStats {
    const parent = this.#open.deepest;
    const handle = openSubdirectory(parent?.handle ?? this.#options.root, name);
    try {
      const stats = statOfSearchable(handle);
      const { children, hasIgnoreFile } = listChildren(handle, stats);
      const hasRules = leftOut === undefined && hasIgnoreFile;
      const ignore = this.#ignoreFiles.layer(path, handle, hasRules, parent?.ignore);
      const identity = identityOf(stats);
      this.#open.push({ name, path, handle, identity, children, position: -1, ignore, leftOut });
      return stats;
    } catch (error) {
      closeSync(handle);
      throw error;
    }
  }

  #reportReplaced(path: RawPath): void {
    const message = "This directory vanished or was replaced while the backup ran.";
    this.#options.warnings.add("FILE_VANISHED", path, message);
  }
}

function sizeIn({ handle }: ListedDirectory, { name }: Child): number {
  return Number(statIn(handle, name)?.size ?? 0);
}

/** An attempt to open a directory failed because its name is gone or stands for something else by now. */
export function isReplaced(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
}

/** Names as they are: one character, one byte. */
const ENCODING = "latin1";
const LISTING: OpenDirOptions = { encoding: ENCODING, bufferSize: 512 };
/** What file systems give as a directory's size grows with its entries. */
const SMALL_DIRECTORY_BYTES = 32n * 1024n;

/** A large directory is read piece by piece: `readdir` would hold a million names at once, besides those that are kept. */
function listChildren(
  handle: number,
  { size }: BigIntStats,
): { readonly children: Children; readonly hasIgnoreFile: boolean } {
  const children = new Listing();
  let hasIgnoreFile = false;
  const add = (entry: Dirent): void => {
    const name = entry.name as RawPath;
    const type = childType(entry);
    children.add(name, type);
    if (name === IGNORE_FILE) hasIgnoreFile = type === "file" || type === "symlink";
  };
  if (size > SMALL_DIRECTORY_BYTES) {
    const listing = opendirSync(nameOf(handle), LISTING);
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) add(entry);
    } finally {
      listing.closeSync();
    }
  } else {
    readdirSync(nameOf(handle), { encoding: ENCODING, withFileTypes: true }).forEach(add);
  }
  children.sort();
  return { children, hasIgnoreFile };
}

function childType(entry: Dirent): ChildType {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "special";
}
