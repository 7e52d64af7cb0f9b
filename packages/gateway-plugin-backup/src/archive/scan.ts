import { BackupError } from "../errors.js";
import { ReaderThread } from "./reader-thread-client.js";
import type { ReaderEvents } from "./reader-thread-client.js";
import type { TenantScan } from "./tenant-scan.js";
import { subjectOf } from "./tenant-source.js";
import type { TenantSource } from "./tenant-source.js";

export type { LargestFile, ScanTotals, TenantScan } from "./tenant-scan.js";

export interface ScanRequest extends TenantSource {
  readonly signal: AbortSignal;
}

/**
 * What a backup of the tenant would hold, without reading its files: counts and sizes, what the globs leave out,
 * warnings of what cannot be archived, the largest files. Runs in a thread of its own.
 *
 * Rejects with LIMIT_EXCEEDED, FILE_UNREADABLE, JOB_THREAD_FAILED, or the signal's reason.
 */
export async function scanTenant(request: ScanRequest): Promise<TenantScan> {
  const { signal, ...source } = request;
  if (signal.aborted) throw abortReason(signal, source);
  let reader: ReaderThread | undefined;
  let abort: () => void = () => undefined;
  try {
    return await new Promise<TenantScan>((resolve, reject) => {
      abort = () => {
        reject(abortReason(signal, source));
      };
      signal.addEventListener("abort", abort);
      const onMessage: ReaderEvents["onMessage"] = (message) => {
        if (message.type === "scanned") resolve(message.scan);
      };
      reader = new ReaderThread({ source, temporaryDirectory: undefined }, { onMessage, onFailed: reject });
    });
  } finally {
    signal.removeEventListener("abort", abort);
    await reader?.stop();
  }
}

/** The error that the signal was aborted with, if it is one of ours. */
export function abortReason(signal: AbortSignal, source: TenantSource): BackupError {
  const reason: unknown = signal.reason;
  if (reason instanceof BackupError) return reason;
  return new BackupError("JOB_CANCELLED", `${subjectOf(source)}: the backup was cancelled.`);
}
