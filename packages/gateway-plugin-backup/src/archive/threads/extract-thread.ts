/** The thread that extracts: one chunk at a time, and each buffer goes back when it is done with. */
import { workerData } from "node:worker_threads";
import { serializeError, toBackupError } from "../../errors.js";
import { Extraction } from "../extraction.js";
import { ThreadSink } from "../thread-sink.js";
import { discardingSink } from "../tree-sink.js";
import type { ExtractStart, FromExtractThread, ToExtractThread } from "./extract-messages.js";
import { ownPort } from "./own-port.js";
import { lowerThreadPriority } from "./priority.js";

const port = ownPort();
const { task, writer } = workerData as ExtractStart;
let extraction: Extraction | undefined;
let work: Promise<void> = Promise.resolve();
let left = false;

function send(message: FromExtractThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function handle(message: ToExtractThread): Promise<void> {
  if (left) return;
  extraction ??= new Extraction(task, writer === undefined ? discardingSink : new ThreadSink(writer));
  if (message.type === "chunk") {
    await extraction.write(Buffer.from(message.buffer, 0, message.length));
    const { files, contentBytes } = extraction.totals;
    send({ type: "taken", buffer: message.buffer, files, contentBytes }, [message.buffer]);
  } else {
    const result = await extraction.end();
    leave({ type: "done", result });
  }
}

/** The last message: what was queued behind it is dropped. */
function leave(message: FromExtractThread): void {
  left = true;
  extraction?.close();
  send(message);
  port.close();
}

lowerThreadPriority();
port.on("message", (message: ToExtractThread) => {
  // In a row: where a chunk takes asynchronous work (gunzip), the next must not overtake it.
  work = work
    .then(() => handle(message))
    .catch((error: unknown) => {
      leave({ type: "failed", error: serializeError(toBackupError(error, `extract ${task.subject}`)) });
    });
});
