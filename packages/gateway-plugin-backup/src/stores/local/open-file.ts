import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { BackupError } from "../../errors.js";
import type { ObjectInfo } from "../store.js";
import { openDirectory, resolveExisting, splitKey } from "./directories.js";
import { errnoOf, fileError } from "./file-errors.js";
import { fileInfo } from "./file-info.js";

/** An archive that is open for reading. */
export class OpenFile {
  readonly info: ObjectInfo;
  readonly #key: string;
  readonly #fd: number;
  readonly #directory: string;
  readonly #mtimeNs: bigint;

  private constructor(key: string, fd: number, directory: string) {
    this.#key = key;
    this.#fd = fd;
    this.#directory = directory;
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) throw new BackupError("LOCATION_INVALID", `${key} is not a regular file`);
    this.info = fileInfo(key, stats);
    this.#mtimeNs = stats.mtimeNs;
  }

  /** Undefined when there is no such file. A link is followed as long as it stays under the roots. */
  static open(key: string, roots: readonly string[]): OpenFile | undefined {
    splitKey(key);
    const { directory: path, name } = splitKey(resolveExisting(key));
    const directory = openDirectory(path, roots);
    if (directory === undefined) return undefined;
    try {
      // O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const fd = openSync(directory.entry(name), flags);
      try {
        return new OpenFile(key, fd, directory.path);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw fileError(error, "reading", `read ${key}`, directory.path);
    } finally {
      directory.close();
    }
    return undefined;
  }

  /** Up to `length` bytes, at the front of `into`; less only when the file has been cut. */
  readAt(position: number, length: number, into = Buffer.allocUnsafeSlow(length)): Buffer {
    let filled = 0;
    try {
      while (filled < length) {
        const count = readSync(this.#fd, into, filled, length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
    } catch (error) {
      throw fileError(error, "reading", `read ${this.#key}`, this.#directory);
    }
    return into.subarray(0, filled);
  }

  /**
   * Throws when the content was written to since the file was opened. That it lost its name meanwhile does no harm: the
   * open file is still whole.
   */
  checkUnchanged(): void {
    const now = fstatSync(this.#fd, { bigint: true });
    if (now.mtimeNs !== this.#mtimeNs || now.size !== BigInt(this.info.size)) throw fileChanged(this.#key);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function fileChanged(key: string): BackupError {
  return new BackupError("STORE_FAILED", `${key} was changed or replaced while it was being read`);
}
