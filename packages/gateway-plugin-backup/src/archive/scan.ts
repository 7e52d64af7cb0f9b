import { BackupError } from "../errors.js";
import { ReaderThread } from "./reader-thread-client.js";
import type { ReaderEvents } from "./reader-thread-client.js";
import type { DryRun } from "./tenant-scan.js";
import { subjectOf } from "./tenant-source.js";
import type { TenantSource } from "./tenant-source.js";

export type { DryRun };

export interface ScanRequest extends TenantSource {
  /** Where the complete list goes (see `plan-file.ts`): a file that is not there yet. Undefined: no list. */
  readonly planFile: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * What a backup of the tenant would hold and leave out, without reading its files. Runs in a thread of its own.
 *
 * Rejects with LIMIT_EXCEEDED, FILE_UNREADABLE, JOB_THREAD_FAILED, the signal's reason, and what keeps the list from being
 * written: DISK_FULL, READ_ONLY, IO_FAILED.
 */
export async function scanTenant(request: ScanRequest): Promise<DryRun> {
  const { signal, planFile, ...source } = request;
  if (signal.aborted) throw abortReason(signal, source);
  let reader: ReaderThread | undefined;
  const listening = new AbortController();
  try {
    return await new Promise<DryRun>((resolve, reject) => {
      const abort = (): void => reject(abortReason(signal, source));
      signal.addEventListener("abort", abort, { signal: listening.signal });
      const onMessage: ReaderEvents["onMessage"] = (message) => {
        if (message.type === "planned") resolve(message.plan);
      };
      reader = new ReaderThread({ source, dryRun: { planFile } }, { onMessage, onFailed: reject });
    });
  } finally {
    listening.abort();
    await reader?.stop();
  }
}

/** The error that the signal was aborted with, if it is one of ours. */
export function abortReason(signal: AbortSignal, source: TenantSource): BackupError {
  const reason: unknown = signal.reason;
  if (reason instanceof BackupError) return reason;
  return new BackupError("JOB_CANCELLED", `${subjectOf(source)}: the backup was cancelled.`);
}
