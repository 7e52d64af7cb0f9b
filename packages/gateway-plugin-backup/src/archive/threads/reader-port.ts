import type { MessagePort } from "node:worker_threads";
import { BackupError, deserializeError } from "../../errors.js";
import { SEGMENT_BYTES } from "../format.js";
import type { FilledSegment, SegmentSink } from "../segmenter.js";
import type { HelperCall, HelperReply } from "../sqlite/protocol.js";
import type { DatabaseService } from "../tenant-databases.js";
import type { FromReader, ToReader } from "./messages.js";

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** The reader thread's end of its talk with the job thread: where buffers come from and segments go to. */
export class ReaderPort implements SegmentSink {
  readonly #port: MessagePort;
  readonly #buffers: ArrayBuffer[] = [];
  readonly #calls = new Map<number, Waiting<HelperReply["answer"]>>();
  #wantsBuffer: ((buffer: ArrayBuffer) => void) | undefined;
  #callCount = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: ToReader) => {
      this.#receive(message);
    });
  }

  send(message: FromReader, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  async takeBuffer(): Promise<Uint8Array<ArrayBuffer>> {
    const buffer =
      this.#buffers.pop() ?? (await new Promise<ArrayBuffer>((resolve) => (this.#wantsBuffer = resolve)));
    return new Uint8Array(buffer, 0, SEGMENT_BYTES);
  }

  emit({ buffer: { buffer }, ...filled }: FilledSegment): void {
    this.send({ type: "segment", segment: { ...filled, buffer } }, [buffer, filled.entries.buffer]);
  }

  /** The helper process, reached through the job thread. */
  readonly databases: DatabaseService = {
    inspect: async (request) => {
      const answer = await this.#call({ method: "inspect", request });
      if ("kind" in answer) throw misplaced();
      return answer;
    },
    copy: async (request) => {
      const answer = await this.#call({ method: "copy", request });
      if (!("kind" in answer)) throw misplaced();
      return answer;
    },
  };

  #call(call: HelperCall): Promise<HelperReply["answer"]> {
    return new Promise((resolve, reject) => {
      const id = this.#callCount++;
      this.#calls.set(id, { resolve, reject });
      this.send({ type: "helper", ...call, id });
    });
  }

  #receive(message: ToReader): void {
    if (message.type === "buffer") {
      const { buffer } = message;
      if (this.#wantsBuffer === undefined) this.#buffers.push(buffer);
      else this.#wantsBuffer(buffer);
      this.#wantsBuffer = undefined;
      return;
    }
    const waiting = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (message.type === "helper") waiting?.resolve(message.answer);
    else waiting?.reject(deserializeError(message.error));
  }
}

function misplaced(): BackupError {
  return new BackupError(
    "JOB_THREAD_FAILED",
    "The helper process that copies databases gave an answer to another question.",
  );
}
