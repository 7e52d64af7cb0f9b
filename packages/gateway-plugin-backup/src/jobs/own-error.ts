/** What a tenant hears of failures: what concerns its own files and archives, and nothing of where stores and disks are. */
import { BackupError, serializeError, type BackupErrorCode, type SerializedError } from "../errors.js";

/** Codes whose messages speak of the tenant, its files, or what it has asked for. */
const TELLING: readonly BackupErrorCode[] = [
  "REQUEST_INVALID",
  "NOT_ALLOWED",
  "JOB_NOT_FOUND",
  "JOB_CANCELLED",
  "JOB_INTERRUPTED",
  "JOB_FINISHED",
  "SHUTTING_DOWN",
  "TENANT_NOT_FOUND",
  "TENANT_BUSY",
  "UNDO_NOT_POSSIBLE",
  "QUOTA_EXCEEDED",
  "TENANT_QUOTA_REACHED",
  "RATE_LIMITED",
  "FILE_UNREADABLE",
  "DATABASE_UNREADABLE",
  "ARCHIVE_NOT_FOUND",
  "ENTRY_NOT_FOUND",
];

/** The error with its code, and with its words where they are the tenant's to read. */
export function ownError(error: SerializedError): SerializedError {
  if (TELLING.includes(error.code)) return error;
  return {
    code: error.code,
    message: "This did not work for a reason that is the gateway's affair; its admin finds the details.",
  };
}

/** As {@link ownError}, of what was thrown; what is no error of the plugin stays as it is. */
export function ownThrown(error: unknown): unknown {
  if (!(error instanceof BackupError) || TELLING.includes(error.code)) return error;
  const { code, message } = ownError(serializeError(error));
  return new BackupError(code, message, { hint: "Ask the gateway's admin.", cause: error });
}
