import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  fstatSync,
  lutimesSync,
  openSync,
  readSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { BackupError, toBackupError } from "../errors.js";
import { nameOf, O_PATH } from "./confined.js";
import { DirectoryHandles } from "./directory-handles.js";
import { utimesArgument } from "./file-times.js";
import { displayPath, type RawPath, rawPathBytes } from "./raw-path.js";
import { systemReason } from "../system-error.js";
import type { TreeSink } from "./tree-sink.js";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY, S_IRUSR } = constants;
const PERMISSIONS = 0o777;
const COPY_BYTES = 256 * 1024;

/**
 * Writes a tree into an empty directory that nobody else uses. It never follows a link and never opens what is there
 * already: directories are made by us and reached through their parents' descriptors, files are opened
 * `O_CREAT|O_EXCL|O_NOFOLLOW`. While it works, directories have mode 0700; their own modes and times are set last,
 * deepest first, so that read-only directories can be filled and nothing changes a time afterwards. Directories that
 * the archive does not name keep 0700. setuid, setgid and sticky bits are dropped.
 *
 * Errors of the disk come as `DISK_FULL`, `READ_ONLY` or `IO_FAILED` and name the entry.
 */
export class StagingWriter implements TreeSink {
  readonly #into: string;
  readonly #handles: DirectoryHandles;
  readonly #directories = new Map<RawPath, { readonly mode: number; readonly mtimeNs: bigint }>();
  #file: OpenFile | undefined;

  /** `into`: an existing, empty directory. */
  constructor(into: string) {
    this.#into = into;
    try {
      this.#handles = new DirectoryHandles(into);
    } catch (error) {
      throw toBackupError(error, `open the staging directory ${into}`);
    }
  }

  directory(path: RawPath, mode: number, mtimeNs: bigint): void {
    this.#directories.set(path, { mode, mtimeNs });
    try {
      this.#handles.directory(path);
    } catch (error) {
      throw this.#failed(path, error);
    }
  }

  symlink(path: RawPath, target: RawPath, mtimeNs: bigint): void {
    try {
      const name = this.#handles.entry(path);
      symlinkSync(rawPathBytes(target), name);
      const time = utimesArgument(mtimeNs);
      lutimesSync(name, time, time);
    } catch (error) {
      throw this.#failed(path, error);
    }
  }

  beginFile(path: RawPath, mode: number, mtimeNs: bigint): void {
    try {
      const flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW;
      this.#file = { path, mode, mtimeNs, handle: openSync(this.#handles.entry(path), flags, 0o600) };
    } catch (error) {
      throw this.#failed(path, error);
    }
  }

  content(bytes: Uint8Array): void {
    const { path, handle } = this.#current();
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done);
    } catch (error) {
      throw this.#failed(path, error);
    }
  }

  endFile(): void {
    const { path, handle, mode, mtimeNs } = this.#current();
    try {
      fchmodSync(handle, mode & PERMISSIONS);
      const time = utimesArgument(mtimeNs);
      futimesSync(handle, time, time);
      this.#file = undefined;
      closeSync(handle);
    } catch (error) {
      throw this.#failed(path, error);
    }
  }

  /** @param written By which writer the earlier file was written. */
  copyFile(from: RawPath, path: RawPath, mode: number, mtimeNs: bigint, written: StagingWriter = this): void {
    let source: number;
    try {
      source = openForCopy(written.#handles.entry(from));
    } catch (error) {
      throw written.#failed(from, error);
    }
    try {
      this.beginFile(path, mode, mtimeNs);
      const buffer = Buffer.allocUnsafe(COPY_BYTES);
      for (let length; (length = readSync(source, buffer)) > 0;) this.content(buffer.subarray(0, length));
      this.endFile();
    } catch (error) {
      throw error instanceof BackupError ? error : written.#failed(from, error);
    } finally {
      closeSync(source);
    }
  }

  finish(): void {
    // A parent's path is a prefix of its children's, so backwards in byte order means children first.
    const childrenFirst = [...this.#directories].sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [path, { mode, mtimeNs }] of childrenFirst) {
      try {
        const handle = this.#handles.directory(path);
        fchmodSync(handle, mode & PERMISSIONS);
        const time = utimesArgument(mtimeNs);
        futimesSync(handle, time, time);
      } catch (error) {
        throw this.#failed(path, error);
      }
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.handle);
    this.#file = undefined;
    this.#handles.close();
  }

  #current(): OpenFile {
    if (this.#file === undefined) throw new Error("content outside of a file");
    return this.#file;
  }

  #failed(path: RawPath, error: unknown): BackupError {
    const where = path === "" ? this.#into : `${displayPath(path)} below ${this.#into}`;
    const { code } = toBackupError(error, `write ${where}`);
    return new BackupError(code, `Could not write ${where}: ${systemReason(error)}.`, { cause: error });
  }
}

/**
 * The file was written by us, maybe with a mode that forbids even us to read it: that is lifted while it is opened, by a
 * handle, because `chmod` by name would follow a link that somebody put there.
 */
function openForCopy(name: Buffer): number {
  try {
    return openSync(name, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
  }
  const file = openSync(name, O_PATH | O_NOFOLLOW);
  try {
    const { mode } = fstatSync(file);
    chmodSync(nameOf(file), S_IRUSR);
    const source = openSync(nameOf(file), O_RDONLY);
    fchmodSync(source, mode & PERMISSIONS);
    return source;
  } finally {
    closeSync(file);
  }
}

interface OpenFile {
  readonly path: RawPath;
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly handle: number;
}
