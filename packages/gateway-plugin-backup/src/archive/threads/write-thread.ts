/** The thread that writes what an extract thread has checked: one batch at a time, each buffer goes back. */
import { workerData } from "node:worker_threads";
import { serializeError, toBackupError } from "../../errors.js";
import { RoutedTree } from "../routed-tree.js";
import { replay } from "../tree-batch.js";
import { lowerThreadPriority } from "./priority.js";
import type { FromWriteThread, ToWriteThread, WriteStart } from "./write-messages.js";

lowerThreadPriority();
const { into, routes, port, replies } = workerData as WriteStart;
let writer: RoutedTree | undefined;
let left = false;

function reply(message: FromWriteThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
  Atomics.add(replies, 0, 1);
  Atomics.notify(replies, 0);
}

function handle(message: ToWriteThread): void {
  writer ??= new RoutedTree(into, routes);
  if (message.type === "batch") {
    replay(message, writer);
    reply({ type: "taken", buffer: message.content }, [message.content]);
  } else {
    writer.finish();
    reply({ type: "finished" });
  }
}

port.on("message", (message: ToWriteThread) => {
  if (left) return;
  try {
    handle(message);
  } catch (error) {
    left = true;
    reply({ type: "failed", error: serializeError(toBackupError(error, `write ${into}`)) });
  }
});
// The extract thread is done, or has failed.
port.on("close", () => writer?.close());
