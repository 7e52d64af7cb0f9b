import { BackupError } from "../errors.js";

/** True when a job is aborted because the gateway stops: what the next start can go on with then stays. */
export function isInterruption({ reason }: AbortSignal): boolean {
  return reason instanceof BackupError && reason.code === "JOB_INTERRUPTED";
}
