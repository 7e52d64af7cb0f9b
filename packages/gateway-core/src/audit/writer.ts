/**
 * Appends lines to the log's newest file, in order, without keeping the event loop: lines wait in memory, and what waits
 * is written and synced together. What cannot be written (a full disk) is kept, and tried again with the next line and
 * with every tick; where a line was written in part, its rest comes next.
 */
import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import type { PluginLogger } from "../plugin/host.js";
import { syncDirectory } from "../state/atomic-write.js";
import { errorText } from "../system-error.js";
import { fileName, listFiles, type AuditFile } from "./files.js";
import type { ChainHead } from "./line.js";

/** Bytes of lines that wait because they cannot be written, before more are only counted: some ten thousand lines. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Most bytes of one write. */
const BATCH_BYTES = 256 * 1024;

export interface WriterOptions {
  readonly directory: string;
  readonly maxFileBytes: number;
  readonly log: PluginLogger;
  /** The newest file, if there is one, and its size. */
  readonly current: { readonly name: string; readonly size: number } | undefined;
  /** Where the chain stands on disk. */
  readonly head: ChainHead;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly head: ChainHead;
  /** It makes good what stands at the newest file's end, and belongs behind it. */
  readonly mends: boolean;
}

/** The log as it lies on disk at one moment, between two writes. */
export interface Snapshot {
  readonly directory: string;
  readonly files: readonly (AuditFile & { readonly size: number })[];
  /** Of the last line that the gateway has written. */
  readonly head: ChainHead;
}

export class AuditWriter {
  readonly #options: WriterOptions;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Of the first that waits, how much stands in the file already. */
  #writtenOfFirst = 0;
  #turns: Promise<unknown> = Promise.resolve();
  #isScheduled = false;
  #handle: FileHandle | undefined;
  #current: { readonly name: string; size: number } | undefined;
  #head: ChainHead;
  #problem: string | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#current = options.current === undefined ? undefined : { ...options.current };
    this.#head = options.head;
  }

  /** Why the last attempt to write failed; undefined while all is well. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get hasRoom(): boolean {
    return this.#waitingBytes < MAX_WAITING_BYTES;
  }

  /** How many lines are not on disk. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** @param mends What is appended makes good what a crash has left at the newest file's end. */
  append(bytes: Buffer, head: ChainHead, mends = false): void {
    this.#waiting.push({ bytes, head, mends });
    this.#waitingBytes += bytes.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void this.flush();
  }

  /** Resolves when everything that was appended before is on disk, or could not be written. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#writeAll());
  }

  snapshot(): Promise<Snapshot> {
    const { directory } = this.#options;
    return this.#inTurn(async () => {
      await this.#writeAll();
      const files = await Promise.all(
        (await listFiles(directory)).map(async (file) => {
          const { size } = await lstat(path.join(directory, file.name));
          // A line that a full disk has cut off is not there yet.
          const unfinished = file.name === this.#current?.name ? this.#writtenOfFirst : 0;
          return { ...file, size: Math.max(0, size - unfinished) };
        }),
      );
      return { directory, files, head: this.#head };
    });
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#inTurn(() => this.#closeFile());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => undefined);
    return turn;
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#isScheduled = false;
    const { directory, log } = this.#options;
    try {
      while (this.#waiting.length > 0) await this.#writeSome();
    } catch (error) {
      const problem = errorText(error);
      if (this.#problem === undefined) {
        log.error({ directory, problem }, "the audit log cannot be written; what happens is kept in memory");
      }
      this.#problem = problem;
      return;
    }
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    log.info({ directory }, "the audit log can be written again");
  }

  async #writeSome(): Promise<void> {
    const handle = await this.#fileForFirst();
    const current = this.#current;
    const batch = this.#batch();
    let left = Buffer.concat(batch.map(({ bytes }) => bytes)).subarray(this.#writtenOfFirst);
    while (left.length > 0) {
      const { bytesWritten } = await handle.write(left);
      left = left.subarray(bytesWritten);
      if (current !== undefined) current.size += bytesWritten;
      this.#took(bytesWritten);
    }
    await handle.datasync();
  }

  /** So many bytes more stand in the file. */
  #took(bytes: number): void {
    this.#writtenOfFirst += bytes;
    for (
      let first = this.#waiting[0];
      first !== undefined && this.#writtenOfFirst >= first.bytes.length;
      first = this.#waiting[0]
    ) {
      this.#writtenOfFirst -= first.bytes.length;
      this.#waitingBytes -= first.bytes.length;
      this.#head = first.head;
      this.#waiting.shift();
    }
  }

  /** What fits into one write, and into the file; the first one always does. */
  #batch(): readonly Waiting[] {
    let bytes = 0;
    const room = Math.min(BATCH_BYTES, this.#options.maxFileBytes - (this.#current?.size ?? 0));
    const end = this.#waiting.findIndex((line, index) => {
      bytes += line.bytes.length;
      return index > 0 && bytes > room;
    });
    return end === -1 ? [...this.#waiting] : this.#waiting.slice(0, end);
  }

  /** The file that the first line that waits belongs into, open. */
  async #fileForFirst(): Promise<FileHandle> {
    const { directory, maxFileBytes, log } = this.#options;
    const [first] = this.#waiting;
    const size = this.#current?.size ?? 0;
    const isFull = size > 0 && size + (first?.bytes.length ?? 0) > maxFileBytes;
    const mayMove = this.#writtenOfFirst === 0 && first?.mends !== true;
    if (this.#current === undefined || (isFull && mayMove)) {
      await this.#closeFile();
      const name = fileName(this.#head.seq + 1);
      this.#handle = await openToAppend(path.join(directory, name));
      this.#current = { name, size: 0 };
      await syncDirectory(directory);
      log.info({ file: name, seq: this.#head.seq, hash: this.#head.hash }, "the audit log begins a file");
    }
    this.#handle ??= await openToAppend(path.join(directory, this.#current.name));
    return this.#handle;
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

function openToAppend(file: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  return open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}
