import { BackupError, type BackupErrorCode } from "../../errors.js";

interface Explanation {
  readonly code: BackupErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

const full: Explanation = { code: "DISK_FULL", reason: "no space is left there" };

/** System error codes (errno(3)) of calls that write. */
const whileWriting: Readonly<Record<string, Explanation>> = {
  ENOSPC: full,
  EDQUOT: { code: "DISK_FULL", reason: "the disk quota is used up" },
  EFBIG: { code: "DISK_FULL", reason: "the file system takes no file so large" },
  EROFS: { code: "READ_ONLY", reason: "the file system is read-only" },
  EACCES: { code: "READ_ONLY", reason: "the gateway may not write there" },
  EPERM: { code: "READ_ONLY", reason: "the gateway may not write there" },
  ENAMETOOLONG: { code: "LOCATION_INVALID", reason: "the name is too long" },
  ENOTDIR: { code: "LOCATION_INVALID", reason: "a part of the path is not a directory" },
  EISDIR: { code: "LOCATION_INVALID", reason: "a directory has this name" },
  ELOOP: { code: "PATH_NOT_ALLOWED", reason: "a symbolic link is in the way" },
};

const whileReading: Readonly<Record<string, Explanation>> = {
  ...whileWriting,
  EACCES: {
    code: "IO_FAILED",
    reason: "the gateway may not read it",
    hint: "Make it readable for the gateway's user.",
  },
  EPERM: {
    code: "IO_FAILED",
    reason: "the gateway may not read it",
    hint: "Make it readable for the gateway's user.",
  },
};

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * What `action` gives; undefined when the system answers it with `errno`. Others work in these directories, too: what was
 * there can be gone a moment later.
 */
export function undefinedOn<T>(errno: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (errnoOf(error) !== errno) throw error;
    return undefined;
  }
}

/**
 * Clear words for a failed call. `doing` says what was tried, and names the file: `write /backups/a.tar.zst`.
 * `directory` is where a person has to look.
 */
export function fileError(
  error: unknown,
  access: "reading" | "writing",
  doing: string,
  directory: string,
): BackupError {
  if (error instanceof BackupError) return error;
  const errno = errnoOf(error) ?? "an unknown error";
  const table = access === "reading" ? whileReading : whileWriting;
  const found = table[errno] ?? { code: "IO_FAILED" as const, reason: `the system says ${errno}` };
  return new BackupError(found.code, `Could not ${doing} (directory ${directory}): ${found.reason}`, {
    ...(found.hint === undefined ? {} : { hint: found.hint }),
    details: { directory, errno },
    cause: error,
  });
}
