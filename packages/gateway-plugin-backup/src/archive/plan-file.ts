/**
 * The complete list of a dry run: a file of JSON lines, because a tenant can have millions of entries. Written
 * synchronously, in the reader thread.
 *
 *     {"kind":"include","path":"sessions/a.jsonl","type":"file","size":1000}
 *     {"kind":"leave-out","path":"workspace/x.log","type":"file","reason":"config-exclude","rule":"**\/*.log","entries":1,"bytes":5}
 *     {"kind":"end","complete":true}
 *
 * A path that is not UTF-8 stands as `path64`, as in the archive's index. The last line says whether the list is complete:
 * it is not when it would have passed the limit.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { toBackupError } from "../errors.js";
import type { LeftOut } from "./left-out.js";
import { rawPathBytes, rawPathText } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

/** About ten million lines of ordinary length. */
const MAX_BYTES = 1024 ** 3;
const BUFFER_CHARACTERS = 64 * 1024;

const { O_CREAT, O_EXCL, O_WRONLY } = constants;

export interface PlannedEntry {
  readonly path: RawPath;
  readonly type: "file" | "directory" | "symlink";
  /** Bytes. */
  readonly size: number;
}

export class PlanFile {
  readonly #file: string;
  readonly #handle: number;
  readonly #maxBytes: number;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #bytes = 0;
  #complete = true;

  /** Makes the file, readable for the gateway alone. Throws DISK_FULL, READ_ONLY, IO_FAILED, here and in what follows. */
  constructor(file: string, maxBytes = MAX_BYTES) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#handle = this.#guard(() => openSync(file, O_WRONLY | O_CREAT | O_EXCL, 0o600));
  }

  include({ path, type, size }: PlannedEntry): void {
    this.#line({ kind: "include", ...pathFields(path), type, size });
  }

  leaveOut({ path, ...facts }: LeftOut): void {
    this.#line({ kind: "leave-out", ...pathFields(path), ...facts });
  }

  /** Writes the last line. */
  end(): void {
    this.#flush();
    this.#pending.push(`${JSON.stringify({ kind: "end", complete: this.#complete })}\n`);
    this.#write();
  }

  close(): void {
    closeSync(this.#handle);
  }

  #line(document: object): void {
    if (!this.#complete) return;
    const line = `${JSON.stringify(document)}\n`;
    this.#pending.push(line);
    this.#pendingCharacters += line.length;
    if (this.#pendingCharacters >= BUFFER_CHARACTERS) this.#flush();
  }

  #flush(): void {
    this.#write();
    this.#complete = this.#bytes < this.#maxBytes;
  }

  #write(): void {
    const bytes = Buffer.from(this.#pending.join(""));
    this.#pending = [];
    this.#pendingCharacters = 0;
    this.#guard(() => {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(this.#handle, bytes, written);
      }
    });
    this.#bytes += bytes.length;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toBackupError(error, `write the list ${this.#file}`);
    }
  }
}

function pathFields(path: RawPath): { readonly path: string } | { readonly path64: string } {
  const text = rawPathText(path);
  return text === undefined ? { path64: rawPathBytes(path).toString("base64") } : { path: text };
}
