/** Puts the contents of files into the tar stream, though the files may change while they are read. */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { LARGE_FILE_BYTES } from "./format.js";
import type { EntryFlag } from "./format.js";
import { openHeld, readFully } from "./opened-file.js";
import type { HeldFile } from "./opened-file.js";
import type { RawPath } from "./raw-path.js";
import type { Segmenter } from "./segmenter.js";
import { endsAsSuperJournal, FileEnd, isNamedAsJournal, SUPER_JOURNAL_END_BYTES } from "./super-journal.js";
import { systemCode } from "../system-error.js";
import type { TarEntry } from "./tar-header.js";
import type { Warnings } from "./warnings.js";

/** How often a small file is read while it shrinks or is written to in place. */
const ATTEMPTS = 3;
const NO_FLAGS: readonly EntryFlag[] = [];
const CHANGED =
  "This file was written to while it was read: the archive may hold a mixture of before and after.";
const UNSAFE_JOURNAL = "Left out: a journal at whose rollback SQLite deletes another file.";
const TRUNCATED = "This file ended early while it was read: the rest of it is zeros in the archive.";

/** A file of the tenant, or the copy of a database that stands for one. */
interface OpenContent {
  /** Relative to the tenant's directory. */
  readonly path: RawPath;
  readonly handle: number;
  /** How the file was when it was opened. */
  readonly stats: BigIntStats;
  readonly entry: TarEntry;
  readonly flags: readonly EntryFlag[];
  /** See `base/facts.ts`; undefined where it is not known, or has changed since. */
  readonly state: Uint8Array | undefined;
}

/** What is known of a database's copy besides its content. */
export interface CopyFacts {
  readonly flags: readonly EntryFlag[];
  /** Of the database, before it was copied. */
  readonly state: Uint8Array | undefined;
}

export class FileContents {
  readonly #segmenter: Segmenter;
  readonly #warnings: Warnings;
  #bytesRead = 0;

  constructor(segmenter: Segmenter, warnings: Warnings) {
    this.#segmenter = segmenter;
    this.#warnings = warnings;
  }

  /** Bytes of files and copies that were read. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /**
   * Adds a regular file at the size it has now; what is appended while it is read stays out. A file that cannot be read
   * is left to the warnings.
   *
   * @param state Of the file as `file` shows it.
   */
  async add(path: RawPath, file: HeldFile, entry: TarEntry, state: Uint8Array | undefined): Promise<void> {
    if (entry.size === 0) {
      // Not opened: a database that is just being made is empty at first, and locked.
      await this.#segmenter.place(entry, { flags: [], state });
      return;
    }
    let handle: number;
    try {
      handle = openHeld(file);
    } catch (error) {
      this.#warnings.unreadableBecause(path, error);
      return;
    }
    try {
      await this.#add({ path, handle, stats: file.stats, entry, flags: [], state });
    } finally {
      closeSync(handle);
    }
  }

  /**
   * Adds a small file that is as `file` shows it before and after it is read, without waiting for anything. False, and
   * nothing is added, where that cannot be done: {@link add} tells why, or can.
   */
  addAtOnce(path: RawPath, file: HeldFile, entry: TarEntry, state: Uint8Array | undefined): boolean {
    if (entry.size >= LARGE_FILE_BYTES || isNamedAsJournal(path)) return false;
    const target = this.#segmenter.roomAtOnce(entry);
    if (target === undefined || (entry.size > 0 && !this.#fill(target, file))) return false;
    this.#segmenter.add(entry, { flags: NO_FLAGS, state });
    return true;
  }

  /** False where the file cannot be read, or has changed. */
  #fill(target: Uint8Array, file: HeldFile): boolean {
    try {
      return this.#readUnchanged(target, file);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return false;
    }
  }

  #readUnchanged(target: Uint8Array, file: HeldFile): boolean {
    const handle = openHeld(file);
    try {
      const filled = readFully(handle, target, 0);
      this.#bytesRead += filled;
      return filled === target.length && !hasChanged(handle, file.stats);
    } finally {
      closeSync(handle);
    }
  }

  /** Adds a database by its finished copy. */
  async addCopy(path: RawPath, copy: string, entry: TarEntry, facts: CopyFacts): Promise<void> {
    const handle = openSync(copy, constants.O_RDONLY);
    try {
      await this.#add({ path, handle, stats: fstatSync(handle, { bigint: true }), entry, ...facts });
    } finally {
      closeSync(handle);
    }
  }

  #add(content: OpenContent): Promise<void> {
    return content.entry.size < LARGE_FILE_BYTES ? this.#addSmall(content) : this.#addLarge(content);
  }

  /** Read as a whole before anything is written, so it can be read again. */
  async #addSmall(content: OpenContent, attempt = 1): Promise<void> {
    const { path, handle, stats, entry, flags, state } = content;
    const target = await this.#segmenter.room(entry);
    const filled = this.#read(content, target, 0);
    if (filled === undefined) return;
    const changed = filled < target.length || hasChanged(handle, stats);
    if (changed && attempt < ATTEMPTS) {
      const now = fstatSync(handle, { bigint: true });
      const again = {
        ...content,
        stats: now,
        state: undefined,
        entry: { ...entry, size: Number(now.size), mtimeNs: now.mtimeNs },
      };
      // It may have become a large one.
      await (again.entry.size < LARGE_FILE_BYTES
        ? this.#addSmall(again, attempt + 1)
        : this.#addLarge(again));
      return;
    }
    const unsafe = isNamedAsJournal(path) && endsAsSuperJournal(target.subarray(0, filled));
    if (unsafe) {
      this.#warnings.add("UNSAFE_JOURNAL", path, UNSAFE_JOURNAL);
      return;
    }
    if (changed) this.#warnings.add("FILE_CHANGED", path, CHANGED);
    this.#segmenter.add(
      { ...entry, size: filled },
      changed ? { flags: [...flags, "changed"] } : { flags, state },
    );
  }

  /** Its header goes out before its content is read, so what is missing then is filled with zeros. */
  async #addLarge(content: OpenContent): Promise<void> {
    const { path, handle, stats, entry, flags, state } = content;
    const lastBytes = new Uint8Array(SUPER_JOURNAL_END_BYTES);
    if (this.#read(content, lastBytes, entry.size - lastBytes.length) === undefined) return;
    if (isNamedAsJournal(path) && endsAsSuperJournal(lastBytes)) {
      this.#warnings.add("UNSAFE_JOURNAL", path, UNSAFE_JOURNAL);
      return;
    }
    const end = new FileEnd();
    let truncated = false;
    const fill = (target: Uint8Array, position: number): void => {
      const filled = truncated ? 0 : (this.#read(content, target, position) ?? 0);
      if (filled < target.length) truncated = true;
      target.fill(0, filled);
      end.append(target);
      const isLast = position + target.length === entry.size;
      if (isLast && isNamedAsJournal(path) && end.isSuperJournal) {
        // Made one since it was looked at: without its end it is none.
        target.fill(0, Math.max(0, target.length - SUPER_JOURNAL_END_BYTES));
        truncated = true;
      }
    };
    await this.#segmenter.addLarge(entry, fill, () => {
      if (truncated) {
        this.#warnings.add("FILE_TRUNCATED", path, TRUNCATED);
        return { flags: [...flags, "truncated"] };
      }
      if (!hasChanged(handle, stats)) return { flags, state };
      this.#warnings.add("FILE_CHANGED", path, CHANGED);
      return { flags: [...flags, "changed"] };
    });
  }

  /** Undefined when the system refuses, and the warnings allow that. */
  #read({ path, handle }: OpenContent, target: Uint8Array, position: number): number | undefined {
    try {
      const filled = readFully(handle, target, position);
      this.#bytesRead += filled;
      return filled;
    } catch (error) {
      this.#warnings.unreadableBecause(path, error);
      return undefined;
    }
  }
}

/** Whether what was there has changed since. A file that has only grown still begins with it. */
function hasChanged(handle: number, before: BigIntStats): boolean {
  const after = fstatSync(handle, { bigint: true });
  return after.size < before.size || (after.size === before.size && after.mtimeNs !== before.mtimeNs);
}
