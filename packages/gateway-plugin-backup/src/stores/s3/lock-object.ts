/** Requests about object lock. */
import type * as Sdk from "@aws-sdk/client-s3";
import type { ObjectLock, WantedLock } from "../object-lock.js";
import type { ObjectInfo } from "../store.js";
import type { Bucket } from "./bucket.js";
import type { RequestOptions } from "./objects.js";

/** What a `HEAD` says; undefined for an object without a lock, and where the key may not read it. */
export function lockIn(head: Sdk.HeadObjectCommandOutput): ObjectLock | undefined {
  const retention = { Mode: head.ObjectLockMode, RetainUntilDate: head.ObjectLockRetainUntilDate };
  const legalHold = head.ObjectLockLegalHoldStatus === "ON";
  return legalHold || retention.Mode !== undefined ? { ...retained(retention), legalHold } : undefined;
}

/** Not by headers of the upload: Ceph 16.2 ignores them for uploads of parts (measured). */
export async function lockObject(
  bucket: Bucket,
  { key, version }: ObjectInfo,
  { mode, until }: WantedLock,
  options: RequestOptions,
): Promise<void> {
  const target = { Bucket: bucket.name, Key: key, ...(version === undefined ? {} : { VersionId: version }) };
  const Mode = mode === "governance" ? "GOVERNANCE" : "COMPLIANCE";
  const Retention = { Mode, RetainUntilDate: new Date(until) } as const;
  await bucket.call({ ...options, key, doing: "lock" }, (client, sdk, http) =>
    client.send(new sdk.PutObjectRetentionCommand({ ...target, Retention }), http),
  );
}

function retained({ Mode, RetainUntilDate }: Sdk.ObjectLockRetention): Partial<WantedLock> {
  if (Mode === undefined || RetainUntilDate === undefined) return {};
  return { mode: Mode === "COMPLIANCE" ? "compliance" : "governance", until: RetainUntilDate.getTime() };
}
