import { toBackupError } from "../../errors.js";
import { baseUnusable, checkBase, checkRange } from "../copy-base.js";
import type { ByteRange, CopyBase } from "../store.js";
import { OpenFile } from "./open-file.js";

/** Bytes of one read call. */
const READ_BYTES = 1024 * 1024;

/** The file from which an upload copies, opened once. Its methods throw `BASE_UNUSABLE`. */
export class BaseFile {
  readonly #base: CopyBase;
  readonly #file: OpenFile;
  /** Used again for every chunk: fresh memory costs more than what is read into it. */
  readonly #memory = Buffer.allocUnsafeSlow(READ_BYTES);

  /** Opens the file if it is still what it was. */
  constructor(base: CopyBase, roots: readonly string[]) {
    this.#base = base;
    const file = this.#attempt(() => OpenFile.open(base.key, roots));
    if (file === undefined) throw baseUnusable(base.key, "the base is gone");
    this.#file = file;
    try {
      checkBase(base, file.info, base.key);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** A chunk holds until the next one is asked for. Throws `REQUEST_INVALID` for a range that the file does not have. */
  *read(range: ByteRange): Generator<Buffer, void, undefined> {
    checkRange(range, this.#base);
    const { start, end } = range;
    for (let position = start; position < end;) {
      const wanted = Math.min(READ_BYTES, end - position);
      const chunk = this.#attempt(() => this.#file.readAt(position, wanted, this.#memory));
      if (chunk.length < wanted) throw baseUnusable(this.#base.key, "the base is not what it was");
      position += wanted;
      yield chunk;
    }
  }

  /** What was read is what the base holds: nobody has written to it since it was opened. */
  check(): void {
    try {
      this.#file.checkUnchanged();
    } catch {
      throw baseUnusable(this.#base.key, "the base is not what it was");
    }
  }

  close(): void {
    this.#file.close();
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw baseUnusable(
        this.#base.key,
        "the base cannot be read",
        toBackupError(error, `read ${this.#base.key}`),
      );
    }
  }
}
