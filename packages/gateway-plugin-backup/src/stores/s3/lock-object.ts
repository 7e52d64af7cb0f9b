import type { WantedLock } from "../object-lock.js";
import type { ObjectInfo } from "../store.js";
import type { Bucket } from "./bucket.js";
import type { RequestOptions } from "./objects.js";

/** Locks an object that is there: Ceph 16.2 ignores the headers of an upload of parts that ask for a lock (measured). */
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
