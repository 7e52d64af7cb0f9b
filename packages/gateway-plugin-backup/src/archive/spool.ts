import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import { toBackupError } from "../errors.js";

const { O_CREAT, O_EXCL, O_RDWR } = constants;

/** Kept in memory: most of what is put by never needs a file. */
const MEMORY_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/**
 * Bytes that are put by, to be read once, in their order: in memory at first, in a file when they are many. Synchronous,
 * for worker threads. Throws DISK_FULL, READ_ONLY or IO_FAILED.
 */
export class Spool {
  readonly #file: string;
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #length = 0;
  #handle: number | undefined;

  /** @param file Made when it is needed; it loses its name at once, and with {@link close} its content. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Bytes that were put by. */
  get length(): number {
    return this.#length;
  }

  /** Takes bytes that do not change any more. */
  append(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#length += bytes.length;
    if (this.#pendingBytes >= MEMORY_BYTES) this.#guard(() => this.#write());
  }

  /** The bytes of a chunk hold only until the next one is asked for. */
  *read(): Generator<Uint8Array, void, void> {
    const handle = this.#handle;
    if (handle !== undefined) {
      const buffer = new Uint8Array(READ_BYTES);
      const readAt = (position: number) =>
        this.#guard(() => readSync(handle, buffer, 0, buffer.length, position));
      for (let at = 0, length; (length = readAt(at)) > 0; at += length) yield buffer.subarray(0, length);
    }
    yield* this.#pending;
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  #write(): void {
    this.#handle ??= openNameless(this.#file);
    for (const bytes of this.#pending)
      for (let done = 0; done < bytes.length;) done += writeSync(this.#handle, bytes, done);
    this.#pending.length = 0;
    this.#pendingBytes = 0;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toBackupError(error, `keep the archive's index in ${this.#file}`);
    }
  }
}

function openNameless(file: string): number {
  const handle = openSync(file, O_RDWR | O_CREAT | O_EXCL, 0o600);
  rmSync(file);
  return handle;
}
