/** Requests about whole objects: looking, listing, removing. */
import type { Readable } from "node:stream";
import type * as Sdk from "@aws-sdk/client-s3";
import { BackupError } from "../../errors.js";
import type { ObjectInfo } from "../store.js";
import { isRefusal, S3Error, type Bucket } from "./bucket.js";
import { lockIn } from "./lock-headers.js";
import type { RetryTally } from "./retry.js";

/** User metadata with which an upload marks its object, so that a later look tells whose object it is. */
export const MARK = "openclaw-upload";

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly tally?: RetryTally | undefined;
}

export interface WriteOptions extends RequestOptions {
  /** Asked after an attempt whose outcome is not known; see `RetryOptions`. */
  readonly settled?: (() => Promise<Written | undefined>) | undefined;
}

export interface Written {
  /** Where the bucket keeps versions. */
  readonly version: string | undefined;
}

/** Undefined when there is no such object. */
export async function inspect(
  bucket: Bucket,
  key: string,
  options: RequestOptions,
): Promise<ObjectInfo | undefined> {
  try {
    return await bucket.call({ ...options, key, doing: "look for" }, async (client, sdk, http) => {
      const target = { Bucket: bucket.name, Key: key };
      try {
        return inspected(key, await client.send(new sdk.HeadObjectCommand(target), http));
      } catch (error) {
        if (!isNameless(error)) throw error;
        // An answer to HEAD has no body, hence no error name: a missing bucket looks like a missing object, a wrong clock
        // like a wrong secret. GET names it. Should the object have appeared meanwhile, the second HEAD finds it.
        const found = await client
          .send(new sdk.GetObjectCommand({ ...target, Range: "bytes=0-0" }), http)
          .catch((named: unknown) => {
            if (isStatus(named, 416)) return undefined;
            throw named;
          });
        if (found !== undefined) streamOf(found).destroy();
        return inspected(key, await client.send(new sdk.HeadObjectCommand(target), http));
      }
    });
  } catch (error) {
    if (error instanceof S3Error && error.code === "ARCHIVE_NOT_FOUND") return undefined;
    throw error;
  }
}

function inspected(key: string, head: Sdk.HeadObjectCommandOutput): ObjectInfo {
  const mark = head.Metadata?.[MARK];
  const lock = lockIn(head);
  if (head.ContentLength === undefined)
    throw new BackupError("STORE_FAILED", `The store gave no size for ${key}`);
  return {
    key,
    size: head.ContentLength,
    etag: withoutQuotes(head.ETag),
    modifiedAt: head.LastModified ?? new Date(0),
    ...(mark === undefined ? {} : { mark }),
    ...(head.VersionId === undefined ? {} : { version: head.VersionId }),
    ...(lock === undefined ? {} : { lock }),
  };
}

function isNameless(error: unknown): boolean {
  return [400, 401, 403, 404].some((status) => isStatus(error, status));
}

function isStatus(error: unknown, status: number): boolean {
  return (
    (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode === status
  );
}

/** In Node the SDK always gives the answer itself. To be read or destroyed, or its connection stays open. */
export function streamOf({ Body }: Sdk.GetObjectCommandOutput): Readable {
  return Body as Readable;
}

/** HTTP's ETag stands in quotes, and a proxy may have made it a weak one; what identifies the object is inside. */
export function withoutQuotes(etag: string | undefined): string {
  return (etag ?? "").replace(/^W\//, "").replaceAll('"', "");
}

export interface ObjectToPut {
  readonly bytes: Buffer;
  readonly contentMd5: string;
  readonly mark: string;
  /** With the condition that no object is there (answered 412 by a store that honours it). */
  readonly onlyNew: boolean;
}

export async function putObject(
  bucket: Bucket,
  key: string,
  object: ObjectToPut,
  options: WriteOptions,
): Promise<Written> {
  return bucket.call(
    { ...options, key, doing: "write", bytes: object.bytes.length },
    async (client, sdk, http) => {
      const { VersionId } = await client.send(
        new sdk.PutObjectCommand({
          Bucket: bucket.name,
          Key: key,
          Body: object.bytes,
          ContentMD5: object.contentMd5,
          Metadata: { [MARK]: object.mark },
          ...(object.onlyNew ? { IfNoneMatch: "*" } : {}),
        }),
        http,
      );
      return { version: VersionId };
    },
  );
}

export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  options: RequestOptions,
): AsyncGenerator<ObjectInfo, void, undefined> {
  let token: string | undefined;
  do {
    const page = await bucket.call({ ...options, key: prefix, doing: "list" }, (client, sdk, http) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: bucket.name,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        http,
      ),
    );
    for (const object of page.Contents ?? []) {
      if (object.Key === undefined) continue;
      yield {
        key: object.Key,
        size: object.Size ?? 0,
        etag: withoutQuotes(object.ETag),
        modifiedAt: object.LastModified ?? new Date(0),
      };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Fine when there is no such object. `version`: exactly that version, where the bucket keeps versions. */
export async function removeObject(
  bucket: Bucket,
  key: string,
  options: RequestOptions,
  version?: string,
): Promise<void> {
  try {
    await bucket.call({ ...options, key, doing: "remove" }, (client, sdk, http) =>
      client.send(
        new sdk.DeleteObjectCommand({
          Bucket: bucket.name,
          Key: key,
          ...(version === undefined ? {} : { VersionId: version }),
        }),
        http,
      ),
    );
  } catch (error) {
    if (error instanceof S3Error && error.code === "ARCHIVE_NOT_FOUND") return;
    throw error;
  }
}

/** See `Store.removeIfSame`. */
export async function removeIfSame(
  bucket: Bucket,
  object: ObjectInfo,
  options: RequestOptions,
): Promise<boolean> {
  const { key, etag, version } = object;
  if (version !== undefined) {
    await removeObject(bucket, key, options, version);
    return true;
  }
  const found = await inspect(bucket, key, options);
  if (found === undefined) return true;
  if (found.etag !== etag) return false;
  return removeIfMatch(bucket, key, etag, options);
}

/**
 * Without versions, the condition is what protects an object that was put there since the look at it. AWS heeds it
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html), Ceph 16.2 ignores it (measured), and
 * a store that refuses conditions it does not know answers 501.
 */
async function removeIfMatch(
  bucket: Bucket,
  key: string,
  etag: string,
  options: RequestOptions,
): Promise<boolean> {
  try {
    await bucket.call({ ...options, key, doing: "remove" }, (client, sdk, http) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: bucket.name, Key: key, IfMatch: `"${etag}"` }), http),
    );
  } catch (error) {
    if (isRefusal(error, 412)) return false;
    if (isRefusal(error, 501)) await removeObject(bucket, key, options);
    else if (!(error instanceof S3Error && error.code === "ARCHIVE_NOT_FOUND")) throw error;
  }
  return true;
}
