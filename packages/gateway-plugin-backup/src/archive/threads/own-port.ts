import { parentPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";

/** The port to whoever started this thread. Throws outside of a worker thread. */
export function ownPort(): MessagePort {
  if (parentPort === null) throw new Error("This program is to be started as a worker thread.");
  return parentPort;
}
