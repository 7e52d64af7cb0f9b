/** Entry of a job thread: runs one operation at a time, and stays for the next. */
import { parentPort } from "node:worker_threads";
import { lowerThreadPriority } from "../../archive/threads/priority.js";
import { BackupError, serializeError, toBackupError } from "../../errors.js";
import type { JobProgress } from "../types.js";
import { operations, type OperationContext } from "./operations.js";
import type { FromThread, OperationName, Operations, ToThread } from "./protocol.js";

if (parentPort === null) throw new Error("job-thread.js is the entry of a worker thread.");
const port = parentPort;

let abort = new AbortController();
const waitingForLedger: (() => void)[] = [];

/** Progress beyond this rate is noise between threads; the last figures of a phase are always sent. */
const PROGRESS_INTERVAL_MS = 100;
let lastProgress = { at: 0, phase: "" };

function send(message: FromThread): void {
  port.postMessage(message);
}

function progress(progress: JobProgress): void {
  const now = performance.now();
  const finished = progress.doneBytes === progress.totalBytes;
  const due = now - lastProgress.at >= PROGRESS_INTERVAL_MS || progress.phase !== lastProgress.phase;
  if (!due && !finished) return;
  lastProgress = { at: now, phase: progress.phase };
  send({ type: "progress", progress });
}

async function run<N extends OperationName>(name: N, request: Operations[N]["request"]): Promise<void> {
  abort = new AbortController();
  const context: OperationContext = {
    signal: abort.signal,
    progress,
    leftover: (leftover) => {
      const recorded = new Promise<void>((resolve) => waitingForLedger.push(resolve));
      send({ type: "leftover", leftover });
      return recorded;
    },
  };
  try {
    send({ type: "done", result: await operations[name](request, context) });
  } catch (error) {
    const failure = abort.signal.aborted
      ? new BackupError("JOB_CANCELLED", "The job was cancelled.")
      : toBackupError(error, `finish the ${name} operation`);
    send({ type: "failed", error: serializeError(failure) });
  }
}

port.on("message", (message: ToThread) => {
  switch (message.type) {
    case "run":
      void run(message.operation, message.request);
      break;
    case "abort":
      abort.abort();
      break;
    case "leftover-recorded":
      waitingForLedger.shift()?.();
      break;
  }
});

lowerThreadPriority();
