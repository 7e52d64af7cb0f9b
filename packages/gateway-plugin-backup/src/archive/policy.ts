/**
 * The entry policy: what may stand in an archive. One module, applied by the writer and by every reader before anything
 * is written; an entry that breaks a rule refuses the whole archive.
 */
import { BackupError } from "../errors.js";
import { brokenNameRule, isWithin, shownPath } from "./entry-name.js";
import type { ArchiveLimits } from "./format.js";
import { allEscaping, brokenTargetRule, type EscapingLink, LinkSet, MAX_LINK_STEPS } from "./link-target.js";
import { NumberColumn } from "./number-column.js";
import { PathTable } from "./path-table.js";
import type { RawPath } from "./raw-path.js";

export interface PolicyOptions {
  /** Directory under which every entry must stand: `tenants/acme`. */
  readonly root: RawPath;
  readonly limits: ArchiveLimits;
  /** The archive, as it begins a message: `Archive s3://bucket/key`. */
  readonly subject: string;
  /** A table that takes the archive's paths, and may hold others: then their names are kept once. */
  readonly paths?: PathTable;
  /** Other tools write a directory again when they append to an archive; ours stands once. */
  readonly directoriesMayRepeat?: boolean;
  /** A link that leaves the root is to be left out by the caller; else it refuses the whole archive. */
  readonly leavesOutLinks?: boolean;
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

/** What is known of a path. Columns begin with 0. */
const UNKNOWN = 0;
const IMPLIED_DIRECTORY = 1;
const DIRECTORY = 2;
const SYMLINK = 3;
const FILE = 4;

/**
 * Bytes of paths and link targets that an archive may have for each entry of its limit: they are kept in memory, and a
 * small archive can hold millions of names of 4096 bytes. Honest paths are about 80 bytes long.
 */
const NAME_BYTES_PER_ENTRY = 256;
/** So that a low limit of entries does not forbid long names. */
const MIN_NAME_BYTES = 1024 * 1024;

/**
 * Judges the entries of one archive in their order, each with {@link check}, then the whole with {@link finish}. Keeps
 * all paths, in about 50 bytes each: that no entry passes through a link must hold for links that come later, too.
 *
 * Both throw UNSAFE_ENTRY, or LIMIT_EXCEEDED, with `details: { entry, rule }`.
 */
export class EntryPolicy {
  readonly #root: RawPath;
  readonly #limits: ArchiveLimits;
  readonly #subject: string;
  readonly #directoriesMayRepeat: boolean;
  readonly #leavesOutLinks: boolean;
  readonly #paths: PathTable;
  readonly #rootNumber: number;
  readonly #kinds = new NumberColumn(Uint8Array);
  readonly #sizes = new NumberColumn();
  readonly #links: LinkSet;
  /** Paths of which something is known. */
  #known = 1;
  #entries = 0;
  #bytes = 0;
  #nameBytes = 0;

  constructor(options: PolicyOptions) {
    this.#root = options.root;
    this.#limits = options.limits;
    this.#subject = options.subject;
    this.#directoriesMayRepeat = options.directoriesMayRepeat === true;
    this.#leavesOutLinks = options.leavesOutLinks === true;
    this.#paths = options.paths ?? new PathTable();
    this.#rootNumber = this.#paths.add(options.root);
    this.#kinds.set(this.#rootNumber, IMPLIED_DIRECTORY);
    this.#links = new LinkSet(options.root);
  }

  /** Tells whether the entry is a directory that stood before, or a link that is to be left out. */
  check(entry: PolicyEntry): "new" | "again" | "left out" {
    const broken = brokenNameRule(entry.path);
    if (broken !== undefined) throw this.#unsafe(entry.path, broken);
    if (!isWithin(entry.path, this.#root)) throw this.#unsafe(entry.path, "path outside the root");
    const { kind, size, isLeftOut } = this.#judge(entry);
    this.#count(entry, size);
    // Nothing may pass through it, whether it is left out or not.
    const seen = this.#record(entry.path, kind, size);
    return isLeftOut === true ? "left out" : seen;
  }

  /** Content bytes of the file at `path`, a hard link's included; 0 for anything else. */
  fileSize(path: RawPath): number {
    return this.#knownFileSize(path) ?? 0;
  }

  /** To be called after the last entry. Returns the links that are to be left out besides; relative to the root. */
  finish(): readonly RawPath[] {
    const escaping = [...this.#links.escaping()];
    if (this.#leavesOutLinks) return this.#leftOut(escaping);
    for (const { path, rule } of escaping) {
      if (rule !== undefined) throw this.#unsafe(path, rule);
      throw this.#exceeded(path, "steps to follow links", MAX_LINK_STEPS);
    }
    return [];
  }

  /** A directory on the way to an entry, or the root, that has no entry itself: archives of ours have all of them. */
  unlistedDirectory(): RawPath | undefined {
    for (let number = 0; number < this.#paths.size; number++)
      if (this.#kinds.get(number) === IMPLIED_DIRECTORY) return this.#paths.path(number);
    return undefined;
  }

  /** What is to be known of the entry; throws when its type or target is not allowed. */
  #judge(entry: PolicyEntry): { kind: number; size: number; isLeftOut?: boolean } {
    if (entry.path === this.#root && entry.type !== "directory")
      throw this.#unsafe(entry.path, "root is not a directory");
    if (!Number.isSafeInteger(entry.size) || entry.size < 0)
      throw this.#unsafe(entry.path, "size out of range");
    switch (entry.type) {
      case "directory":
        return { kind: DIRECTORY, size: 0 };
      case "file":
        return { kind: FILE, size: entry.size };
      case "symlink": {
        const { path, target = "" as RawPath } = entry;
        const broken = brokenTargetRule(path, target, this.#root);
        if (broken === "link leaves the root" && this.#leavesOutLinks)
          return { kind: SYMLINK, size: 0, isLeftOut: true };
        if (broken !== undefined) throw this.#unsafe(path, broken, target);
        this.#links.add(path, target);
        return { kind: SYMLINK, size: 0 };
      }
      case "hardlink": {
        // A hard link is restored as a copy, so it counts with the size of the file it names.
        const size = entry.target === undefined ? undefined : this.#knownFileSize(entry.target);
        if (size === undefined)
          throw this.#unsafe(entry.path, "hard link to no earlier file of the archive", entry.target);
        return { kind: FILE, size };
      }
      default:
        throw this.#unsafe(entry.path, `type ${entry.type}`);
    }
  }

  #leftOut(escaping: readonly EscapingLink[]): readonly RawPath[] {
    return allEscaping(this.#links, escaping).map((path) => path.slice(this.#root.length + 1) as RawPath);
  }

  #knownFileSize(path: RawPath): number | undefined {
    const number = this.#paths.find(path);
    return number !== undefined && this.#kinds.get(number) === FILE ? this.#sizes.get(number) : undefined;
  }

  #count({ path, target }: PolicyEntry, size: number): void {
    const { entries, bytes } = this.#limits;
    if (++this.#entries > entries) throw this.#exceeded(path, "entries", entries);
    this.#bytes += size;
    if (this.#bytes > bytes) throw this.#exceeded(path, "bytes", bytes);
    this.#nameBytes += path.length + (target?.length ?? 0);
    const nameBytes = Math.max(entries * NAME_BYTES_PER_ENTRY, MIN_NAME_BYTES);
    if (this.#nameBytes > nameBytes) throw this.#exceeded(path, "bytes of names", nameBytes);
  }

  #record(path: RawPath, kind: number, size: number): "new" | "again" {
    const number = this.#paths.add(path);
    const known = this.#kinds.get(number);
    if (known === DIRECTORY && kind === DIRECTORY && this.#directoriesMayRepeat) return "again";
    if (known === IMPLIED_DIRECTORY) {
      if (kind !== DIRECTORY) throw this.#unsafe(path, "another entry passes through this one");
    } else if (known !== UNKNOWN) {
      throw this.#unsafe(path, "path stands twice");
    } else {
      this.#implyParents(path, number);
    }
    this.#kinds.set(number, kind);
    if (size > 0) this.#sizes.set(number, size);
    return "new";
  }

  /** From the parent of a path that was not known up to the first directory that is: above that, all are. */
  #implyParents(path: RawPath, number: number): void {
    this.#known++;
    for (let at = this.#paths.parent(number); at !== undefined; at = this.#paths.parent(at)) {
      const kind = this.#kinds.get(at);
      if (kind === IMPLIED_DIRECTORY || kind === DIRECTORY) break;
      if (kind !== UNKNOWN) {
        const through = `path passes through a ${kind === SYMLINK ? "symlink" : "file"}`;
        throw this.#unsafe(path, through, this.#paths.path(at));
      }
      this.#kinds.set(at, IMPLIED_DIRECTORY);
      this.#known++;
    }
    // Directories without an entry of their own are made all the same, and kept in memory here.
    if (this.#known > this.#limits.entries) throw this.#exceeded(path, "entries", this.#limits.entries);
  }

  #unsafe(path: RawPath, rule: string, other?: RawPath): BackupError {
    const entry = shownPath(path);
    const to = other === undefined || other === "" ? "" : ` (${shownPath(other)})`;
    return new BackupError(
      "UNSAFE_ENTRY",
      `${this.#subject}: entry "${entry}" is not allowed: ${rule}${to}.`,
      {
        details: { entry, rule },
      },
    );
  }

  #exceeded(path: RawPath, what: string, limit: number): BackupError {
    const entry = shownPath(path);
    return new BackupError(
      "LIMIT_EXCEEDED",
      `${this.#subject} has more than ${limit} ${what}, counted at "${entry}".`,
      {
        details: { entry, rule: what, limit },
      },
    );
  }
}
