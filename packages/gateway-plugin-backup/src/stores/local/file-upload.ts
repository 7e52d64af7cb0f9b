import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { BackupError } from "../../errors.js";
import type { RateLimit } from "../rate-limit.js";
import type { ByteRange, StoredObject, Upload } from "../store.js";
import type { BaseFile } from "./base-file.js";
import { withoutBase } from "../copy-base.js";
import { removeEmpty, type MadeDirectory, type OpenDirectory } from "./directories.js";
import { EarlySync } from "./early-sync.js";
import { errnoOf, fileError } from "./file-errors.js";
import { fileInfo } from "./file-info.js";

const PARTIAL_NAME = /^\.openclaw-[0-9a-f]{32}\.partial$/;

/** A name that says nothing of the archive, so that it is never too long and never listed. */
export function partialName(): string {
  return `.openclaw-${randomBytes(16).toString("hex")}.partial`;
}

export function isPartialName(name: string): boolean {
  return PARTIAL_NAME.test(name);
}

/** How link(2) says that the file system has no hard links, or no more for this file. */
const NO_HARD_LINKS: readonly (string | undefined)[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** The system calls that make a file; replaced in tests, by ones that fail as a disk or another file system does. */
export interface FileCalls {
  open(path: string, flags: number, mode: number): number;
  write(fd: number, chunk: Uint8Array, offset: number): number;
  /** Of the file's bytes, in a thread of the system's pool. */
  datasync(fd: number): Promise<void>;
  fsync(fd: number): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  close(fd: number): void;
}

export const systemCalls: FileCalls = {
  open: openSync,
  write: writeSync,
  datasync: promisify(fdatasync),
  fsync: fsyncSync,
  link: linkSync,
  rename: renameSync,
  close: closeSync,
};

export interface FileToMake {
  readonly key: string;
  readonly name: string;
  readonly partial: string;
  readonly overwrite: boolean;
  readonly place: MadeDirectory;
  readonly signal: AbortSignal | undefined;
  readonly calls: FileCalls;
  readonly limit: RateLimit | undefined;
  /** Opens what `copy` reads. */
  readonly base: (() => BaseFile) | undefined;
}

export function archiveExists(key: string): BackupError {
  return new BackupError("ARCHIVE_EXISTS", `There is already a file ${key}`);
}

/** Writes a hidden file beside the final one and gives it its name when it is complete and on disk. */
export class FileUpload implements Upload {
  /** Whose file it is, its inode tells while the upload is open; later, only its content does. */
  readonly mark = undefined;
  readonly #file: FileToMake;
  readonly #directory: OpenDirectory;
  readonly #fd: number;
  readonly #identity: { readonly dev: bigint; readonly ino: bigint };
  readonly #early: EarlySync;
  #base: BaseFile | undefined;
  #size = 0;
  #copied = 0;
  #open = true;
  #fileOpen = true;
  #named = false;

  /** Takes over `file.place`. Throws system errors, and leaves `file.place` to the caller then. */
  constructor(file: FileToMake) {
    this.#file = file;
    this.#directory = file.place.directory;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    this.#fd = file.calls.open(this.#directory.entry(file.partial), flags, 0o600);
    this.#identity = fstatSync(this.#fd, { bigint: true });
    this.#early = new EarlySync(() => file.calls.datasync(this.#fd));
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#file.limit?.take(chunk.length, this.#file.signal);
    await this.#append(chunk);
  }

  async #append(chunk: Uint8Array): Promise<void> {
    this.#file.signal?.throwIfAborted();
    this.#attempt(() => {
      // A full disk or a quota can take a part of the bytes; the next call then says why it takes no more.
      for (let written = 0; written < chunk.length;)
        written += this.#file.calls.write(this.#fd, chunk, written);
      this.#size += chunk.length;
      this.#early.grown(this.#size);
    });
    // The calls are synchronous: a cancellation gets its turn here.
    await turn();
  }

  async copy(range: ByteRange): Promise<void> {
    if (this.#file.base === undefined) throw withoutBase(this.#file.key);
    this.#base ??= this.#file.base();
    for (const chunk of this.#base.read(range)) await this.#append(chunk);
    this.#copied += range.end - range.start;
  }

  async complete(): Promise<StoredObject> {
    await this.#early.settle().catch((error: unknown) => {
      throw this.#explained(error);
    });
    await turn();
    this.#file.signal?.throwIfAborted();
    this.#base?.check();
    const overwriteGuard = this.#attempt(() => {
      this.#file.calls.fsync(this.#fd);
      return this.#file.overwrite ? this.#rename() : this.#linkNew();
    });
    const info = this.#attempt(() => {
      this.#directory.sync();
      const found = this.#readBack();
      this.#closeFile();
      return found;
    });
    this.#closeDirectory();
    const sentBytes = this.#size - this.#copied;
    const copied = this.#file.base === undefined ? {} : { copiedBytes: this.#copied, fetchedBytes: 0 };
    return { ...info, overwriteGuard, retries: 0, sentBytes, ...copied };
  }

  async abort(): Promise<void> {
    await turn();
    await this.#early.settle().catch(() => undefined);
    if (!this.#open) return;
    this.#unlink(this.#file.partial);
    if (this.#named && this.#isOurs()) this.#unlink(this.#file.name);
    try {
      this.#closeFile();
    } catch {
      // What the system could not write any more is not wanted any more.
    }
    this.#closeDirectory();
    removeEmpty(this.#file.place.made);
  }

  /** A file that is not complete is of no use later: writing it again is as quick as reading it. */
  suspend(): Promise<void> {
    return this.abort();
  }

  /** link(2) refuses an existing name in one step, which no check before rename(2) can. */
  #linkNew(): StoredObject["overwriteGuard"] {
    const { key, name, partial, calls } = this.#file;
    try {
      calls.link(this.#directory.entry(partial), this.#directory.entry(name));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "EEXIST") throw archiveExists(key);
      if (!NO_HARD_LINKS.includes(errno)) throw error;
      if (lstatSync(this.#directory.entry(name), { throwIfNoEntry: false }) !== undefined)
        throw archiveExists(key);
      this.#rename();
      return "checked";
    }
    this.#named = true;
    unlinkSync(this.#directory.entry(partial));
    return "atomic";
  }

  #rename(): "off" {
    this.#file.calls.rename(
      this.#directory.entry(this.#file.partial),
      this.#directory.entry(this.#file.name),
    );
    this.#named = true;
    return "off";
  }

  #readBack(): ReturnType<typeof fileInfo> {
    const { key, name } = this.#file;
    if (!this.#isOurs()) {
      throw new BackupError(
        "STORE_FAILED",
        `Another writer has replaced ${key} while it was being completed`,
      );
    }
    const info = fileInfo(key, lstatSync(this.#directory.entry(name), { bigint: true }));
    if (info.size !== this.#size) {
      throw new BackupError(
        "STORE_FAILED",
        `${key} has ${info.size} bytes on disk, but ${this.#size} were written`,
      );
    }
    return info;
  }

  /** Is the file with the final name the one that we wrote? */
  #isOurs(): boolean {
    const entry = this.#directory.entry(this.#file.name);
    const there = lstatSync(entry, { bigint: true, throwIfNoEntry: false });
    return there?.ino === this.#identity.ino && there.dev === this.#identity.dev;
  }

  #unlink(name: string): void {
    try {
      unlinkSync(this.#directory.entry(name));
    } catch {
      // It is gone already, or is a leftover that the job has been told of.
    }
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): BackupError {
    return fileError(error, "writing", `write ${this.#file.key}`, this.#directory.path);
  }

  /** Network file systems report here what they could not write. */
  #closeFile(): void {
    if (!this.#fileOpen) return;
    this.#fileOpen = false;
    this.#file.calls.close(this.#fd);
  }

  #closeDirectory(): void {
    this.#open = false;
    this.#directory.close();
    this.#base?.close();
  }
}
