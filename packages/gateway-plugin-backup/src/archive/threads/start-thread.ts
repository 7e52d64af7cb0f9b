import { type MessagePort, Worker, type ResourceLimits } from "node:worker_threads";

/**
 * Where a thread's new objects live first. Less than V8's default of tens of megabytes: these threads make few objects
 * that last, their buffers are not counted here, and each thread of each job has such a space of its own.
 */
const YOUNG_GENERATION_MB = 8;

/**
 * Starts a worker thread of a backup or a restore. It gets none of the process's own flags: whatever loader or inspector
 * those start is not for a job. `ports`: those among the worker data, which it takes along.
 */
export function startThread(
  entry: URL,
  workerData?: unknown,
  limits: ResourceLimits = {},
  ports: readonly MessagePort[] = [],
): Worker {
  return new Worker(entry, {
    workerData,
    transferList: [...ports],
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, ...limits },
  });
}
