/**
 * Archives as files in local directories.
 *
 * Synchronous calls throughout: they run in a job's thread, and libuv's pool, which asynchronous ones would use, is
 * shared with the gateway. Each method gives the event loop a turn first, reading and writing also between chunks.
 */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { BackupError } from "../../errors.js";
import { rateLimits, type RateLimits } from "../rate-limit.js";
import type { ObjectLock } from "../object-lock.js";
import type { Clock } from "../timing.js";
import type { LocalStoreSettings } from "../settings.js";
import type {
  CreateOptions,
  Leftover,
  ObjectInfo,
  StoreAbilities,
  ReadOptions,
  Store,
  TailRead,
  Upload,
} from "../store.js";
import { BaseFile } from "./base-file.js";
import { makeDirectory, openDirectory, removeEmpty, resolveExisting, splitKey } from "./directories.js";
import { errnoOf, fileError } from "./file-errors.js";
import {
  archiveExists,
  FileUpload,
  isPartialName,
  partialName,
  systemCalls,
  type FileCalls,
  type FileToMake,
} from "./file-upload.js";
import { listFiles } from "./list-files.js";
import { unlink, unlinkIfSame } from "./unlink.js";
import { fileChanged, OpenFile } from "./open-file.js";

/** Bytes of one read call: large enough for a disk's full speed, small enough to give the event loop its turns. */
const READ_BYTES = 1024 * 1024;

export class LocalStore implements Store {
  readonly kind = "local";
  readonly #roots: readonly string[];
  readonly #calls: FileCalls;
  readonly #limits: RateLimits;

  /** `calls` and `clock` stand in for the system's in tests. */
  constructor(settings: LocalStoreSettings, calls: Partial<FileCalls> = {}, clock?: Clock) {
    this.#limits = rateLimits(settings.rates, clock);
    this.#roots = settings.roots;
    this.#calls = { ...systemCalls, ...calls };
  }

  locate(key: string): string {
    return key;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    await turn();
    const file = this.#open(key);
    file?.close();
    return file?.info;
  }

  async *read(key: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    await turn();
    const file = this.#openExisting(key);
    try {
      if (options.etag !== undefined && options.etag !== file.info.etag) throw fileChanged(key);
      const { start, end } = options.range ?? { start: 0, end: file.info.size };
      for (let position = start; position < end;) {
        options.signal?.throwIfAborted();
        const wanted = Math.min(READ_BYTES, end - position);
        const chunk = file.readAt(position, wanted);
        position += chunk.length;
        if (chunk.length < wanted) {
          throw new BackupError("STORE_FAILED", `${key} ends at byte ${position}, but ${end} were asked for`);
        }
        if (position === end) file.checkUnchanged();
        await this.#limits.download?.take(chunk.length, options.signal);
        yield chunk;
        await turn();
      }
    } finally {
      file.close();
    }
  }

  async readTail(key: string, length: number): Promise<TailRead> {
    await turn();
    const file = this.#openExisting(key);
    try {
      const wanted = Math.min(length, file.info.size);
      const bytes = file.readAt(file.info.size - wanted, wanted);
      file.checkUnchanged();
      return { bytes, object: file.info };
    } finally {
      file.close();
    }
  }

  async create(key: string, options: CreateOptions): Promise<Upload> {
    await turn();
    const { directory, name } = splitKey(key);
    if (isPartialName(name))
      throw new BackupError("LOCATION_INVALID", `${key} is a name kept for unfinished files`);
    const real = this.#attempt(key, () => resolveExisting(directory));
    const partial = partialName();
    this.#refuse(key, directory, name, options.overwrite);
    const { base } = options;
    await options.onLeftover({ kind: "partial-file", path: `${real}/${partial}` });
    return this.#attempt(key, () =>
      this.#begin(directory, {
        key,
        name,
        partial,
        overwrite: options.overwrite,
        signal: options.signal,
        calls: this.#calls,
        limit: this.#limits.upload,
        base: base && (() => new BaseFile(base, this.#roots)),
      }),
    );
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo, void, undefined> {
    await turn();
    const slash = prefix.lastIndexOf("/");
    if (!prefix.startsWith("/"))
      throw new BackupError("LOCATION_INVALID", `${prefix} is not an absolute path`);
    const parent = prefix.slice(0, slash) || "/";
    const directory = this.#attempt(parent, () => openDirectory(parent, this.#roots));
    if (directory === undefined) return;
    yield* listFiles(directory, prefix.slice(0, slash + 1), prefix.slice(slash + 1), signal);
  }

  async remove(key: string): Promise<void> {
    await turn();
    const { directory, name } = splitKey(key);
    this.#attempt(key, () => unlink(directory, name, this.#roots));
  }

  async removeIfSame({ key, etag }: ObjectInfo): Promise<boolean> {
    await turn();
    const { directory, name } = splitKey(key);
    return this.#attempt(key, () => unlinkIfSame(directory, name, etag, this.#roots));
  }

  lock({ key }: ObjectInfo): Promise<ObjectLock> {
    return Promise.reject(new BackupError("UNSUPPORTED", `${key} is a file, and files are not locked.`));
  }

  async discard(leftover: Leftover): Promise<void> {
    await turn();
    if (leftover.kind !== "partial-file") {
      throw new BackupError("REQUEST_INVALID", "A local store has no uploads of parts");
    }
    const { directory, name } = splitKey(leftover.path);
    if (!isPartialName(name))
      throw new BackupError("REQUEST_INVALID", `${leftover.path} is no unfinished file`);
    this.#attempt(leftover.path, () => unlink(directory, name, this.#roots));
  }

  abilities(): StoreAbilities {
    return {};
  }

  close(): void {
    // Nothing stays open between calls.
  }

  /** What is known to be in the way before a byte is written. */
  #refuse(key: string, path: string, name: string, overwrite: boolean): void {
    const existing = this.#attempt(key, () => {
      const directory = openDirectory(path, this.#roots);
      try {
        return directory && lstatSync(directory.entry(name), { throwIfNoEntry: false });
      } finally {
        directory?.close();
      }
    });
    if (existing?.isDirectory() === true) throw new BackupError("LOCATION_INVALID", `${key} is a directory`);
    if (existing !== undefined && !overwrite) throw archiveExists(key);
  }

  #begin(path: string, file: Omit<FileToMake, "place">, attempts = 3): Upload {
    const place = makeDirectory(path, this.#roots);
    try {
      return new FileUpload({ ...file, place });
    } catch (error) {
      place.directory.close();
      removeEmpty(place.made);
      // Another job that failed can have removed the directory as its own, between our opening it and writing to it.
      if (errnoOf(error) !== "ENOENT" || attempts === 1) throw error;
      return this.#begin(path, file, attempts - 1);
    }
  }

  #open(key: string): OpenFile | undefined {
    try {
      return OpenFile.open(key, this.#roots);
    } catch (error) {
      throw fileError(error, "reading", `read ${key}`, dirname(key));
    }
  }

  #openExisting(key: string): OpenFile {
    const file = this.#open(key);
    if (file === undefined) throw new BackupError("ARCHIVE_NOT_FOUND", `There is no file ${key}`);
    return file;
  }

  #attempt<T>(key: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw fileError(error, "writing", `write ${key}`, dirname(key));
    }
  }
}
