/**
 * The second pass over a tenant: its tar stream in segments. Small files and links by path, then large files by path,
 * then the directories, then the end. Reads synchronously, in the reader thread; waits only for buffers and for the
 * helper process that copies databases.
 */
import { closeSync, rmSync, statSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { dirname } from "node:path";
import { FactsRecorder } from "./base/facts.js";
import { stateIn } from "./base/file-state.js";
import type { Survival } from "./base/survival.js";
import { toBackupError } from "../errors.js";
import { openDirectoryBelow, statIn } from "./confined.js";
import { isWithin, parentPath } from "./entry-name.js";
import { FileContents } from "./file-contents.js";
import { LARGE_FILE_BYTES } from "./format.js";
import type { ArchiveWarning } from "./format.js";
import { ownerName } from "./gateway-parts.js";
import { holdFile } from "./opened-file.js";
import type { HeldFile } from "./opened-file.js";
import { EntryPolicy } from "./policy.js";
import { displayPath, rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { Segmenter } from "./segmenter.js";
import type { SegmentSink } from "./segmenter.js";
import { companionOf, identityOf, inodeOf, isCandidate } from "./sqlite/protocol.js";
import type { Verdict } from "./sqlite/protocol.js";
import type { TarEntry } from "./tar-header.js";
import type { TenantDatabases } from "./tenant-databases.js";
import type { JudgedLinks } from "./tenant-links.js";
import { escapingLink } from "./tenant-scan.js";
import { archivePath, openTenant, relativePath, subjectOf, walkOptions } from "./tenant-source.js";
import type { DatabaseInArchive, TenantSource } from "./tenant-source.js";
import { isReplaced, walk } from "./walk.js";
import type { ListedDirectory, WalkItem } from "./walk.js";
import { Warnings } from "./warnings.js";

export interface ReadSummary {
  readonly warnings: readonly ArchiveWarning[];
  /** Databases of which the archive has a consistent copy. */
  readonly databases: number;
  /** Bytes of the tenant's files, and of its databases' copies. */
  readonly bytesRead: number;
  /** See `base/facts.ts`. */
  readonly states: Uint8Array<ArrayBuffer>;
}

export interface ReadOptions {
  readonly links: JudgedLinks;
  /** What the archive takes over from its base. */
  readonly survival?: Survival | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** How often a file that is replaced or changed under the reader's eyes is looked at again. */
const ATTEMPTS = 3;
const VANISHED = "This file vanished or was replaced while the backup ran.";
const REPLACED =
  "This was replaced by something else while the backup ran: the archive holds what was there before.";
const KEPT_DIRECTORY =
  "This directory vanished while the backup ran: the archive has it with mode and time of the backup before.";
const MIXED =
  "This file was written to whenever it was copied: the archive may hold a mixture of before and after. If it is an " +
  "encrypted database, that copy may be of no use: let the program that holds its key export it.";

/** A file for the second half of the archive, after all packs. */
interface LargeFile {
  readonly path: RawPath;
  readonly isDatabase: boolean;
}

interface Judgement {
  readonly verdict: Verdict;
  /** See `base/facts.ts`. */
  readonly state: Uint8Array | undefined;
}

interface FilePlace {
  readonly directory: ListedDirectory;
  readonly name: RawPath;
  readonly path: RawPath;
}

export class TenantReader {
  readonly #source: TenantSource;
  readonly #databases: TenantDatabases;
  readonly #links: JudgedLinks;
  readonly #warnings: Warnings;
  readonly #policy: EntryPolicy;
  readonly #facts = new FactsRecorder();
  readonly #survival: Survival | undefined;
  readonly #now: () => number;
  readonly #segmenter: Segmenter;
  readonly #contents: FileContents;
  readonly #directories: TarEntry[] = [];
  readonly #large: LargeFile[] = [];
  /** A directory in the place of a file that is taken over: what lies in it is passed over. */
  #replaced: RawPath | undefined;
  /** Undefined while the packs are written. */
  #largeIndex: number | undefined;
  #databasesArchived = 0;

  constructor(
    source: TenantSource,
    databases: TenantDatabases,
    sink: SegmentSink,
    { links, survival, now = Date.now }: ReadOptions,
  ) {
    this.#source = source;
    this.#databases = databases;
    this.#links = links;
    this.#survival = survival;
    this.#now = now;
    const subject = subjectOf(source);
    this.#warnings = new Warnings(subject, source.allowUnreadable);
    const paths = survival && { paths: survival.paths };
    this.#policy = new EntryPolicy({ root: rawPath(source.root), limits: source.limits, subject, ...paths });
    this.#segmenter = new Segmenter(sink, {
      policy: this.#policy,
      facts: this.#facts,
      firstSegment: survival?.segments ?? 0,
    });
    this.#contents = new FileContents(this.#segmenter, this.#warnings);
  }

  /** Throws FILE_UNREADABLE, DATABASE_UNREADABLE, DISK_FULL (for copies of databases), UNSAFE_ENTRY, LIMIT_EXCEEDED. */
  async read(): Promise<ReadSummary> {
    for (const { entry, state } of this.#survival?.entries() ?? []) {
      this.#policy.check(entry);
      this.#facts.add(state);
      if (entry.flags.includes("database")) this.#databasesArchived++;
    }
    const root = openTenant(this.#source);
    try {
      for (const item of walk(walkOptions(this.#source, root, this.#warnings))) {
        if (this.#isTakenOver(item)) continue;
        if (item.type === "directory")
          this.#directories.push(this.#entry("directory", item.path, item.stats));
        else if (item.type === "symlink") await this.#addLink(item);
        else if (!this.#addAtOnce(item) && !(await this.#databases.isCompanion(item.directory, item.name)))
          await this.#addFile(item);
      }
      const isLarge = (file: string): boolean => statSync(file).size >= LARGE_FILE_BYTES;
      await this.#addCopies(({ file }) => !isLarge(file));
      await this.#addLargeFiles(root);
      await this.#addCopies(({ file }) => isLarge(file));
    } finally {
      closeSync(root);
    }
    await this.#addDirectories();
    await this.#segmenter.end();
    return {
      warnings: this.#warnings.list(),
      databases: this.#databasesArchived,
      bytesRead: this.#contents.bytesRead,
      states: this.#facts.states(),
    };
  }

  /**
   * Whether the item's path has its entry from the base already, or must not have one: what has been replaced since the
   * first pass cannot stand beside what it was.
   */
  #isTakenOver({ type, path }: WalkItem): boolean {
    if (this.#survival === undefined) return false;
    if (this.#replaced !== undefined && isWithin(path, this.#replaced)) return true;
    const archived = archivePath(this.#source, path);
    const fate = this.#survival.fate(archived);
    if (type === "directory") {
      this.#survival.stands(archived);
      if (fate !== "lives") return false;
      this.#replaced = path;
    } else if (fate !== "holds") {
      return fate === "lives";
    }
    this.#warnings.add("FILE_CHANGED", path, REPLACED);
    return true;
  }

  async #addLink({ directory, name, path }: FilePlace): Promise<void> {
    const target = this.#links.safe.get(path);
    const stats = statIn(directory.handle, name);
    if (target !== undefined && stats !== undefined)
      await this.#segmenter.place({ ...this.#entry("symlink", path, stats), target });
    else if (this.#links.escaping.has(path))
      this.#warnings.add("LINK_ESCAPES", path, escapingLink(this.#source));
    else
      this.#warnings.add(
        "FILE_CHANGED",
        path,
        "Left out: this link appeared or vanished while the backup ran.",
      );
  }

  /**
   * Nearly every file of a tenant is small, no database, and holds still: it is added without waiting for anything. False
   * for all others, and nothing was done.
   */
  #addAtOnce(place: FilePlace): boolean {
    const { directory, name, path } = place;
    if (companionOf(name) !== undefined) return false;
    const held = this.#hold(place);
    if (held === "unreadable") return true;
    if (held === undefined) return false;
    try {
      const { stats } = held;
      if (!stats.isFile() || isCandidate(name, stats)) return false;
      const state = stateIn({ directory, name }, stats, this.#now());
      return this.#contents.addAtOnce(path, held, this.#entry("file", path, stats), state);
    } finally {
      closeSync(held.handle);
    }
  }

  /** Looks again when the name stands for another file, or for the file in another state, than was judged. */
  async #addFile(place: FilePlace): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const held = this.#hold(place);
      if (held === "unreadable") return;
      if (held?.stats.isFile() !== true) break;
      try {
        const state = stateIn(place, held.stats, this.#now());
        const verdict = await this.#databases.verdict(place.directory, place.name, held.stats);
        if (
          isAboutFile(verdict, held.stats, attempt === ATTEMPTS) &&
          (await this.#addJudged(place, held, { verdict, state }))
        )
          return;
      } finally {
        closeSync(held.handle);
      }
    }
    this.#warnings.add("FILE_VANISHED", place.path, VANISHED);
  }

  #hold({ directory, name, path }: FilePlace): HeldFile | "unreadable" | undefined {
    try {
      return holdFile(directory.handle, name);
    } catch (error) {
      this.#warnings.unreadableBecause(path, error);
      return "unreadable";
    }
  }

  /** False when the file must be looked at again. */
  async #addJudged(place: FilePlace, held: HeldFile, { verdict, state }: Judgement): Promise<boolean> {
    const { path } = place;
    switch (verdict.kind) {
      case "gone":
        return false;
      case "unreadable":
        this.#warnings.unreadable("FILE_UNREADABLE", path, verdict.reason);
        return true;
      case "companion":
        return true;
      case "database":
      case "encrypted":
        return this.#putOff(path, held.stats.size, true) || this.#addDatabase(place);
      case "plain":
        if (!this.#putOff(path, held.stats.size, false))
          await this.#contents.add(path, held, this.#entry("file", path, held.stats), state);
        return true;
    }
  }

  /** Large files wait until all packs are written. */
  #putOff(path: RawPath, size: bigint | number, isDatabase: boolean): boolean {
    if (this.#largeIndex !== undefined || size < LARGE_FILE_BYTES) return false;
    this.#large.push({ path, isDatabase });
    return true;
  }

  /** False when the file must be looked at again. */
  async #addDatabase({ directory, path }: FilePlace): Promise<boolean> {
    const copy = await this.#databases.copy(path, this.#nextDatabase(directory));
    switch (copy.kind) {
      case "gone":
      case "plain":
        return false;
      case "unreadable":
        this.#warnings.unreadable("DATABASE_UNREADABLE", path, copy.reason);
        return true;
      case "no-room": {
        const cause = Object.assign(new Error(copy.reason), { code: copy.code });
        const what = `copy database ${displayPath(path)} of ${ownerName(this.#source.tenant)}`;
        throw toBackupError(cause, `${what} to ${dirname(copy.file)}`);
      }
      case "mixed":
      case "copied":
    }
    try {
      // With what was in its WAL it may have become a large one.
      if (this.#putOff(path, copy.size, true)) return true;
      const { checked, mode, size, mtimeNs } = copy;
      const entry = { path: archivePath(this.#source, path), type: "file", mode, size, mtimeNs } as const;
      if (copy.kind === "mixed") this.#warnings.add("FILE_CHANGED", path, MIXED);
      const flags = copy.kind === "mixed" ? (["changed"] as const) : checked ? (["database"] as const) : [];
      const state = copy.kind === "mixed" ? undefined : copy.state;
      await this.#contents.addCopy(path, copy.file, entry, { flags, state });
      if (checked) this.#databasesArchived++;
      return true;
    } finally {
      rmSync(copy.file, { force: true });
    }
  }

  async #addCopies(isMeant: (copy: DatabaseInArchive) => boolean): Promise<void> {
    for (const { path, file } of (this.#source.copies ?? []).filter(isMeant)) {
      const stats = statSync(file, { bigint: true });
      const entry = this.#entry("file", rawPath(path), stats);
      await this.#contents.addCopy(rawPath(path), file, entry, { flags: ["database"], state: undefined });
      this.#databasesArchived++;
    }
  }

  #nextDatabase(directory: ListedDirectory): RawPath | undefined {
    if (this.#largeIndex === undefined) return this.#databases.nextSmall(directory);
    return this.#large.slice(this.#largeIndex + 1).find(({ isDatabase }) => isDatabase)?.path;
  }

  async #addLargeFiles(root: number): Promise<void> {
    for (const [index, { path }] of this.#large.entries()) {
      this.#largeIndex = index;
      const handle = this.#openParent(root, path);
      if (handle === undefined) continue;
      try {
        const directory = { path: parentPath(path), handle, children: [], position: 0 };
        await this.#addFile({ directory, name: path.slice(path.lastIndexOf("/") + 1) as RawPath, path });
      } finally {
        closeSync(handle);
      }
    }
  }

  #openParent(root: number, path: RawPath): number | undefined {
    try {
      return openDirectoryBelow(root, parentPath(path));
    } catch (error) {
      if (isReplaced(error)) this.#warnings.add("FILE_VANISHED", path, VANISHED);
      else this.#warnings.unreadableBecause(path, error);
      return undefined;
    }
  }

  /** What a directory holds before the directory itself: so extraction sets its mode and time last. */
  async #addDirectories(): Promise<void> {
    this.#segmenter.startDirectories();
    for (const entry of this.#survival?.missingDirectories() ?? []) {
      this.#directories.push(entry);
      this.#warnings.add("FILE_VANISHED", relativePath(this.#source, entry.path), KEPT_DIRECTORY);
    }
    this.#directories.sort((a, b) => (a.path < b.path ? 1 : -1));
    for (const entry of this.#directories) await this.#segmenter.place(entry);
  }

  #entry(type: TarEntry["type"], path: RawPath, stats: BigIntStats): TarEntry {
    const size = type === "file" ? Number(stats.size) : 0;
    return {
      path: archivePath(this.#source, path),
      type,
      mode: Number(stats.mode) & 0o777,
      size,
      mtimeNs: stats.mtimeNs,
    };
  }
}

/**
 * Whether the verdict was given on the file in the very state that `stats` shows. In the last attempt the same file in
 * another state will do: something writes to it all the time, and it was no database a moment ago.
 */
function isAboutFile(verdict: Verdict, stats: BigIntStats, isLastAttempt: boolean): boolean {
  if (verdict.kind === "gone" || verdict.kind === "unreadable") return true;
  if (verdict.identity === identityOf(stats)) return true;
  // The state of a database is the helper's affair.
  const anyState = isLastAttempt || verdict.kind === "database" || verdict.kind === "encrypted";
  return anyState && verdict.identity.startsWith(`${inodeOf(stats)}:`);
}
