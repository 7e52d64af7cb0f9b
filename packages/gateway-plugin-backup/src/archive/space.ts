import { BackupError } from "../errors.js";

/** How many content bytes an extraction may write, and what sets the bound. */
export interface SpaceLimit {
  readonly bytes: number;
  /** `disk`: the free space less its reserve. `quota`: the tenant's, where that is less. */
  readonly boundBy: "disk" | "quota";
}

/** No bound at all. */
export const UNLIMITED_SPACE: SpaceLimit = { bytes: Number.MAX_SAFE_INTEGER, boundBy: "disk" };

/** `subject` begins the message; `reached` says where a limit was met that the archive had not announced. */
export function outOfSpace(
  subject: string,
  { bytes, boundBy }: SpaceLimit,
  needed: { readonly neededBytes: number } | { readonly reached: string },
): BackupError {
  const [needs, neededBytes] =
    "reached" in needed
      ? [`more than ${bytes} bytes (reached at ${needed.reached})`, undefined]
      : [`${needed.neededBytes} bytes`, needed.neededBytes];
  const details = { limitBytes: bytes, ...(neededBytes === undefined ? {} : { neededBytes }) };
  return boundBy === "quota"
    ? new BackupError("QUOTA_EXCEEDED", `${subject} needs ${needs}; the tenant's quota is ${bytes} bytes.`, {
        hint: "Raise the tenant's quota, or restore an archive that fits.",
        details: { quota: "bytes", ...details },
      })
    : new BackupError("DISK_FULL", `${subject} needs ${needs}; ${bytes} are free for it.`, { details });
}
