import { receiveMessageOnPort } from "node:worker_threads";
import { type BackupError, deserializeError } from "../errors.js";
import type { RawPath } from "./raw-path.js";
import type { FromWriteThread, ToWriteThread, WriteLink } from "./threads/write-messages.js";
import { TreeSteps } from "./tree-batch.js";
import type { TreeSink } from "./tree-sink.js";

/** Content of a batch: little enough to stay in the processor's caches on its way. */
const BATCH_BYTES = 1024 * 1024;
/** Files of a few bytes do not fill a batch; their writer shall not wait for it. */
const BATCH_STEPS = 256;
/** Buffers that travel between the two threads: all the memory that the way takes. */
const BUFFERS = 4;

/**
 * Lets another thread write, a few batches behind. Calls return before their entry is written, and wait only while that
 * thread is {@link BUFFERS} batches behind; what it fails with is thrown by a later call, at the latest by `finish`, which
 * returns when everything is written. Waits without an event loop: for worker threads only.
 */
export class ThreadSink implements TreeSink {
  readonly #link: WriteLink;
  readonly #steps = new TreeSteps();
  readonly #free: ArrayBuffer[] = Array.from({ length: BUFFERS }, () => new ArrayBuffer(BATCH_BYTES));
  #content: Uint8Array<ArrayBuffer> | undefined;
  /** Of {@link #content}, in bytes. */
  #filled = 0;
  #failure: BackupError | undefined;

  constructor(link: WriteLink) {
    this.#link = link;
  }

  directory(path: RawPath, mode: number, mtimeNs: bigint): void {
    this.#steps.add({ type: "directory", path, mode, mtimeNs });
    this.#sendIfFull();
  }

  symlink(path: RawPath, target: RawPath, mtimeNs: bigint): void {
    this.#steps.add({ type: "symlink", path, target, mtimeNs });
    this.#sendIfFull();
  }

  copyFile(from: RawPath, path: RawPath, mode: number, mtimeNs: bigint): void {
    this.#steps.add({ type: "copy", from, path, mode, mtimeNs });
    this.#sendIfFull();
  }

  beginFile(path: RawPath, mode: number, mtimeNs: bigint): void {
    this.#steps.beginFile(path, mode, mtimeNs);
  }

  content(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      this.#content ??= new Uint8Array(this.#takeBuffer());
      const part = rest.subarray(0, BATCH_BYTES - this.#filled);
      this.#content.set(part, this.#filled);
      this.#filled += part.length;
      this.#steps.content(part.length);
      rest = rest.subarray(part.length);
      if (this.#filled === BATCH_BYTES) this.#send();
    }
  }

  endFile(): void {
    this.#steps.endFile();
    this.#sendIfFull();
  }

  finish(): void {
    this.#send();
    this.#post({ type: "finish" });
    while (this.#receive().type !== "finished");
  }

  close(): void {
    this.#link.port.close();
  }

  #sendIfFull(): void {
    if (this.#steps.length >= BATCH_STEPS) this.#send();
  }

  #send(): void {
    const content = this.#content?.buffer ?? this.#takeBuffer();
    this.#content = undefined;
    this.#filled = 0;
    this.#post({ type: "batch", steps: this.#steps.take(), content }, [content]);
  }

  #post(message: ToWriteThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#link.port.postMessage(message, transfer);
  }

  #takeBuffer(): ArrayBuffer {
    for (;;) {
      const buffer = this.#free.pop();
      if (buffer !== undefined) return buffer;
      const reply = this.#receive();
      if (reply.type === "taken") return reply.buffer;
    }
  }

  /** The next reply, as soon as it is there. */
  #receive(): FromWriteThread {
    const { port, replies } = this.#link;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const sent = Atomics.load(replies, 0);
      const received = receiveMessageOnPort(port) as { readonly message: FromWriteThread } | undefined;
      if (received === undefined) {
        Atomics.wait(replies, 0, sent);
      } else {
        const { message } = received;
        if (message.type !== "failed") return message;
        this.#failure = deserializeError(message.error);
      }
    }
  }
}
