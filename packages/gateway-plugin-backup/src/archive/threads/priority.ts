import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Nice value of everything that a job does: the gateway's own threads come first. */
export const BACKUP_NICENESS = 10;

/**
 * Lowers the priority of the calling thread. On Linux a nice value belongs to the thread, and `setpriority` takes thread
 * ids; elsewhere, and where /proc is missing, nothing happens.
 */
export function lowerThreadPriority(): void {
  try {
    const threadId = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    setPriority(threadId, BACKUP_NICENESS);
  } catch {
    // No such thread id, no such file: a matter of courtesy, not of correctness.
  }
}
