/** Entry of a job thread: runs one operation at a time, and stays for the next. */
import { parentPort } from "node:worker_threads";
import { sharedBytesSoFar } from "../../archive/shared-memory.js";
import { lowerThreadPriority } from "../../archive/threads/priority.js";
import { BackupError, serializeError, toBackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import { loadSdk } from "../../stores/s3/client.js";
import type { JobProgress } from "../types.js";
import type { OperationContext } from "./operation-context.js";
import { operations } from "./operations.js";
import type { FromThread, OperationName, Operations, ToThread } from "./protocol.js";

if (parentPort === null) throw new Error("job-thread.js is the entry of a worker thread.");
const port = parentPort;

let abort = new AbortController();
const waitingForLedger: (() => void)[] = [];

/** Twenty indexes of usual tenants, or one of a very large one. */
const MOST_SHARED_BYTES = 32 * 1024 * 1024;

/** Progress beyond this rate is noise between threads; the last figures of a phase are always sent. */
const PROGRESS_INTERVAL_MS = 100;
let lastProgress = { at: 0, phase: "" };

function send(message: FromThread): void {
  port.postMessage(message);
}

function announce(message: FromThread): Promise<void> {
  const recorded = new Promise<void>((resolve) => waitingForLedger.push(resolve));
  send(message);
  return recorded;
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
    openStore,
    progress,
    leftover: (leftover) => announce({ type: "leftover", leftover }),
    gone: (leftover) => send({ type: "gone", leftover }),
    completing: (archive) => announce({ type: "completing", archive }),
  };
  try {
    const result = await operations[name](request, context);
    send({ type: "done", result, isSpent: sharedBytesSoFar() > MOST_SHARED_BYTES });
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
    case "prepare":
      void loadSdk();
      break;
    case "abort":
      abort.abort(
        message.suspend
          ? new BackupError("JOB_INTERRUPTED", "The gateway is stopping.")
          : new BackupError("JOB_CANCELLED", "The job was cancelled."),
      );
      break;
    case "recorded":
      waitingForLedger.shift()?.();
      break;
  }
});

lowerThreadPriority();
