/** Requests that only a check of a store makes. */
import type * as Sdk from "@aws-sdk/client-s3";
import { isRefusal, type Bucket } from "./bucket.js";
import { streamOf, type RequestOptions } from "./objects.js";

/** Bytes of an object; `range` as HTTP writes it. A store that knows no ranges gives the whole object. */
export async function getBytes(
  bucket: Bucket,
  key: string,
  options: RequestOptions,
  range?: string,
): Promise<Buffer> {
  return bucket.call({ ...options, key, doing: "read" }, async (client, sdk, http) => {
    const target = { Bucket: bucket.name, Key: key, ...(range === undefined ? {} : { Range: range }) };
    const answer = await client.send(new sdk.GetObjectCommand(target), http);
    const chunks: Buffer[] = [];
    for await (const chunk of streamOf(answer) as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  });
}

export async function isListed(bucket: Bucket, key: string, options: RequestOptions): Promise<boolean> {
  const page = await bucket.call({ ...options, key, doing: "list" }, (client, sdk, http) =>
    client.send(new sdk.ListObjectsV2Command({ Bucket: bucket.name, Prefix: key }), http),
  );
  return (page.Contents ?? []).some(({ Key }) => Key === key);
}

export async function isUploadListed(bucket: Bucket, key: string, options: RequestOptions): Promise<boolean> {
  const page = await bucket.call(
    { ...options, key, doing: "look for unfinished uploads to" },
    (client, sdk, http) =>
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: key }), http),
  );
  return (page.Uploads ?? []).some(({ Key }) => Key === key);
}

/** `Enabled` or `Suspended`; undefined where the bucket keeps no versions. */
export async function versioning(
  bucket: Bucket,
  key: string,
  options: RequestOptions,
): Promise<Sdk.BucketVersioningStatus | undefined> {
  const { Status } = await bucket.call(
    { ...options, key, doing: "ask about versions of" },
    (client, sdk, http) => client.send(new sdk.GetBucketVersioningCommand({ Bucket: bucket.name }), http),
  );
  return Status;
}

/** Undefined where the bucket has no object lock. */
export async function objectLock(
  bucket: Bucket,
  key: string,
  options: RequestOptions,
): Promise<Sdk.ObjectLockConfiguration | undefined> {
  try {
    const { ObjectLockConfiguration } = await bucket.call(
      { ...options, key, doing: "ask about object lock of" },
      (client, sdk, http) =>
        client.send(new sdk.GetObjectLockConfigurationCommand({ Bucket: bucket.name }), http),
    );
    return ObjectLockConfiguration;
  } catch (error) {
    // ObjectLockConfigurationNotFoundError; the status is all that some stores give.
    if (isRefusal(error, 404)) return undefined;
    throw error;
  }
}
