/**
 * The entry policy: what may stand in an archive. One module, applied by the writer and by every reader before anything
 * is written; an entry that breaks a rule refuses the whole archive.
 */
import { BackupError } from "../errors.js";
import { brokenNameRule, isWithin, parentPath } from "./entry-name.js";
import type { ArchiveLimits } from "./format.js";
import { LinkSet, MAX_LINK_STEPS, resolveLinkTarget } from "./link-target.js";
import { displayPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

export interface PolicyOptions {
  /** Directory under which every entry must stand: `tenants/acme`. */
  readonly root: RawPath;
  readonly limits: ArchiveLimits;
  /** The archive, as it begins a message: `Archive s3://bucket/key`. */
  readonly subject: string;
}

/** An entry as a tar header or an index line tells of it. */
export interface PolicyEntry {
  /** Without a trailing slash. */
  readonly path: RawPath;
  /** "file", "directory", "symlink", "hardlink"; anything else is refused by its name. */
  readonly type: string;
  /** Content bytes in the archive. */
  readonly size: number;
  /** Of a symlink or hard link. A hard link's is the path of an entry. */
  readonly target?: RawPath;
}

/** What is known of a path besides files, whose value is their size. */
const IMPLIED_DIRECTORY = -1;
const DIRECTORY = -2;
const SYMLINK = -3;

/** Of a path in a message; a hostile one may have any length. */
const MAX_SHOWN_CHARACTERS = 300;

/**
 * Judges the entries of one archive in their order, each with {@link check}, then the whole with {@link finish}. Keeps
 * one map entry for each path: that no entry passes through a link must hold for links that come later, too.
 *
 * Both throw UNSAFE_ENTRY, or LIMIT_EXCEEDED, with `details: { entry, rule }`.
 */
export class EntryPolicy {
  readonly #root: RawPath;
  readonly #limits: ArchiveLimits;
  readonly #subject: string;
  readonly #known = new Map<RawPath, number>();
  readonly #links: LinkSet;
  #entries = 0;
  #bytes = 0;

  constructor(options: PolicyOptions) {
    this.#root = options.root;
    this.#limits = options.limits;
    this.#subject = options.subject;
    this.#links = new LinkSet(options.root);
  }

  check(entry: PolicyEntry): void {
    const broken = brokenNameRule(entry.path);
    if (broken !== undefined) throw this.#unsafe(entry.path, broken);
    if (!isWithin(entry.path, this.#root)) throw this.#unsafe(entry.path, "path outside the root");
    const value = this.#judge(entry);
    this.#count(entry, value);
    this.#record(entry.path, value);
  }

  /** To be called after the last entry. */
  finish(): void {
    for (const { path, rule } of this.#links.escaping()) {
      if (rule !== undefined) throw this.#unsafe(path, rule);
      throw this.#exceeded(path, "steps to follow links", MAX_LINK_STEPS);
    }
  }

  /** The value that the entry gets in the map; throws when its type or target is not allowed. */
  #judge(entry: PolicyEntry): number {
    if (entry.path === this.#root && entry.type !== "directory")
      throw this.#unsafe(entry.path, "root is not a directory");
    if (!Number.isSafeInteger(entry.size) || entry.size < 0)
      throw this.#unsafe(entry.path, "size out of range");
    switch (entry.type) {
      case "directory":
        return DIRECTORY;
      case "file":
        return entry.size;
      case "symlink": {
        const target = entry.target;
        if (target === undefined || resolveLinkTarget(entry.path, target, this.#root) === undefined)
          throw this.#unsafe(entry.path, "link leaves the root", target);
        this.#links.add(entry.path, target);
        return SYMLINK;
      }
      case "hardlink": {
        // A hard link is restored as a copy, so it counts with the size of the file it names.
        const size = entry.target === undefined ? undefined : this.#known.get(entry.target);
        if (size === undefined || size < 0)
          throw this.#unsafe(entry.path, "hard link to no earlier file of the archive", entry.target);
        return size;
      }
      default:
        throw this.#unsafe(entry.path, `type ${entry.type}`);
    }
  }

  #count(entry: PolicyEntry, value: number): void {
    if (++this.#entries > this.#limits.entries)
      throw this.#exceeded(entry.path, "entries", this.#limits.entries);
    if (value > 0) this.#bytes += value;
    if (this.#bytes > this.#limits.bytes) throw this.#exceeded(entry.path, "bytes", this.#limits.bytes);
  }

  #record(path: RawPath, value: number): void {
    const known = this.#known.get(path);
    if (known === IMPLIED_DIRECTORY) {
      if (value !== DIRECTORY) throw this.#unsafe(path, "another entry passes through this one");
    } else if (known !== undefined) {
      throw this.#unsafe(path, "path stands twice");
    }
    this.#known.set(path, value);
    if (known === undefined && path !== this.#root) this.#implyParents(path);
  }

  /** From the parent up to the first directory that is known already: above that, all are. */
  #implyParents(path: RawPath): void {
    let parent = parentPath(path);
    for (;;) {
      const known = this.#known.get(parent);
      if (known === IMPLIED_DIRECTORY || known === DIRECTORY) break;
      if (known !== undefined)
        throw this.#unsafe(path, `path passes through a ${known === SYMLINK ? "symlink" : "file"}`, parent);
      this.#known.set(parent, IMPLIED_DIRECTORY);
      if (parent === this.#root) break;
      parent = parentPath(parent);
    }
    // Directories without an entry of their own are made all the same, and kept in memory here.
    if (this.#known.size > this.#limits.entries) throw this.#exceeded(path, "entries", this.#limits.entries);
  }

  #unsafe(path: RawPath, rule: string, other?: RawPath): BackupError {
    const entry = shown(path);
    const to = other === undefined ? "" : ` (${shown(other)})`;
    return new BackupError(
      "UNSAFE_ENTRY",
      `${this.#subject}: entry "${entry}" is not allowed: ${rule}${to}.`,
      {
        details: { entry, rule },
      },
    );
  }

  #exceeded(path: RawPath, what: string, limit: number): BackupError {
    const entry = shown(path);
    return new BackupError(
      "LIMIT_EXCEEDED",
      `${this.#subject} has more than ${limit} ${what}, counted at "${entry}".`,
      {
        details: { entry, rule: what, limit },
      },
    );
  }
}

function shown(path: RawPath): string {
  const text = displayPath(path.slice(0, MAX_SHOWN_CHARACTERS) as RawPath);
  return path.length > MAX_SHOWN_CHARACTERS ? `${text}…` : text;
}
