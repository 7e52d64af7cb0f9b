import type * as Sdk from "@aws-sdk/client-s3";
import type { ObjectLock } from "../object-lock.js";

/** What a `HEAD` says; undefined for an object without a lock, and where the key may not read it. */
export function lockIn({
  ObjectLockMode: mode,
  ObjectLockRetainUntilDate: until,
  ObjectLockLegalHoldStatus: hold,
}: Sdk.HeadObjectCommandOutput): ObjectLock | undefined {
  const legalHold = hold === "ON";
  if (mode !== undefined && until !== undefined)
    return { mode: mode === "COMPLIANCE" ? "compliance" : "governance", until: until.getTime(), legalHold };
  return legalHold ? { legalHold } : undefined;
}
