/**
 * What an operation gives while it runs, on a channel of its own between job thread and main thread: facts first, then
 * bytes. At most {@link UNDER_WAY} messages are on their way, so a reader that is slow stops the operation, and memory
 * does not grow with what is read.
 */
import { Readable } from "node:stream";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { BackupError, toBackupError } from "../../errors.js";
import type { JobThreads } from "./pool.js";
import type { Operations, WithOutput } from "./protocol.js";

/** Segments of 4 MiB each, so that the thread reads ahead while the main thread sends. */
const UNDER_WAY = 3;

/** `facts` comes once, and first. */
type OutputMessage = { readonly facts: unknown } | { readonly bytes: Uint8Array };

/** The job thread's end. */
export class Output {
  readonly #port: MessagePort;
  readonly #signal: AbortSignal;
  #underWay = 0;
  #wake: () => void = () => undefined;

  constructor(port: MessagePort, signal: AbortSignal) {
    this.#port = port;
    this.#signal = signal;
    port.on("message", () => {
      this.#underWay--;
      this.#wake();
    });
    signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  /** From here on the reader has an answer: what fails later breaks it off. */
  begin(facts: unknown): void {
    this.#send({ facts });
  }

  /** Resolves when there is room for more. Rejects with the signal's reason. */
  async write(bytes: Uint8Array): Promise<void> {
    // A copy: the memory of small buffers is shared, and that of large ones may be used again.
    const copy = new Uint8Array(bytes);
    this.#send({ bytes: copy }, [copy.buffer]);
    await this.#until(UNDER_WAY - 1);
  }

  /** Resolves when everything has been taken. */
  async end(): Promise<void> {
    await this.#until(0);
    this.#port.close();
  }

  async #until(underWay: number): Promise<void> {
    while (this.#underWay > underWay) {
      this.#signal.throwIfAborted();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #send(message: OutputMessage, transfer: ArrayBuffer[] = []): void {
    this.#underWay++;
    this.#port.postMessage(message, transfer);
  }
}

/** Operations that give what they find while they run. */
export type StreamedName = {
  [N in keyof Operations]: Operations[N]["request"] extends WithOutput ? N : never;
}[keyof Operations];

export interface Streamed {
  /** What the operation began with. */
  readonly facts: unknown;
  /** Ends with the operation, or is destroyed with its error; destroying it ends the operation. */
  readonly body: Readable;
}

/**
 * Runs an operation and resolves when it has begun to give. Rejects with what made it fail before that.
 *
 * @param whileRunning Is given the operation's end; for what must hold as long as it runs.
 */
export function streamed<N extends StreamedName>(
  threads: JobThreads,
  operation: N,
  request: Omit<Operations[N]["request"], "output">,
  whileRunning: (run: () => Promise<void>) => Promise<void>,
): Promise<Streamed> {
  const { port1: port, port2: output } = new MessageChannel();
  const abort = new AbortController();
  let untaken = 0;
  const body = new Readable({
    read: () => {
      for (; untaken > 0; untaken--) port.postMessage("taken");
    },
    destroy: (error, done) => {
      abort.abort(new BackupError("JOB_CANCELLED", "Nobody reads any more."));
      done(error);
    },
  });
  return new Promise((resolve, reject) => {
    port.on("message", (message: OutputMessage) => {
      if ("facts" in message) {
        port.postMessage("taken");
        resolve({ facts: message.facts, body });
      } else {
        // Taken when the reader wants more.
        untaken++;
        body.push(message.bytes);
      }
    });
    const run = async (): Promise<void> => {
      // The request is complete with its port, which no caller could make.
      const whole = { ...request, output } as unknown as Operations[N]["request"];
      await threads.run(operation, whole, { signal: abort.signal, transfer: [output] });
    };
    whileRunning(run)
      .then(() => body.push(null))
      .catch((error: unknown) => {
        const failure = toBackupError(error, `finish the ${operation} operation`);
        reject(failure);
        body.on("error", () => undefined).destroy(failure);
      })
      .finally(() => port.close());
  });
}
