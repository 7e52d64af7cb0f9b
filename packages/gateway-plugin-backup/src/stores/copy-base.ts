import { BackupError } from "../errors.js";
import type { ByteRange, CopyBase, ObjectInfo } from "./store.js";

/** Follows "because": in the results of jobs a person reads why a backup was made in full. */
export type UnusableReason =
  | "the base is gone"
  | "the base is not what it was"
  | "the base cannot be read"
  | "the store cannot copy"
  | "the store may take its name for another"
  | "the store refused to copy"
  | "the store refused the parts"
  | "the store copied something else";

/** `where` is the base as a person would write it. */
export function baseUnusable(where: string, reason: UnusableReason, cause?: BackupError): BackupError {
  const why = cause === undefined ? reason : `${reason}: ${cause.message}`;
  return new BackupError("BASE_UNUSABLE", `Nothing can be copied from ${where}, because ${why}`, {
    details: { ...cause?.details, reason },
  });
}

export function isUnusable(error: BackupError, reason: UnusableReason): boolean {
  return error.code === "BASE_UNUSABLE" && error.details?.["reason"] === reason;
}

/** Throws `REQUEST_INVALID` for a range that the base does not have. */
export function checkRange({ start, end }: ByteRange, base: CopyBase): void {
  if (start >= 0 && start <= end && end <= base.size) return;
  throw new BackupError(
    "REQUEST_INVALID",
    `${base.key} has ${base.size} bytes, and none from ${start} to ${end}`,
  );
}

/** Throws `BASE_UNUSABLE` unless `found` is the base as it was. */
export function checkBase(base: CopyBase, found: ObjectInfo | undefined, where: string): void {
  if (found === undefined) throw baseUnusable(where, "the base is gone");
  if (found.size !== base.size || found.etag !== base.etag)
    throw baseUnusable(where, "the base is not what it was");
}

export function withoutBase(where: string): BackupError {
  return new BackupError("REQUEST_INVALID", `The upload to ${where} was created without a base to copy from`);
}
