/** Unfinished uploads whose ids are not known: finding them, and taking them away. */
import type * as Sdk from "@aws-sdk/client-s3";
import { BackupError } from "../../errors.js";
import { isRefusal, type Bucket } from "./bucket.js";
import { abortMultipart, listParts } from "./multipart.js";
import type { RequestOptions } from "./objects.js";

/**
 * An upload that is so old and has no part is dead, whoever began it. A live writer begins an upload when it has the first
 * part, and sends that at once: on a line that takes longer than this for 8 MiB, beside two more, no archive is sent.
 * Waiting costs nothing, since such an upload holds nothing.
 */
const DEAD_AFTER_MS = 600_000;

interface UnfinishedUpload {
  readonly uploadId: string;
  /** By the store's clock, in milliseconds since the epoch; `Infinity` where it does not tell: never old enough. */
  readonly begunAt: number;
}

/**
 * Takes away the uploads to `key` that were begun and never used: what is left when the answer that told an upload's id was
 * lost. Throws `STORE_FAILED` while there is one that is too young to be told from another writer's.
 */
export async function abortUnused(bucket: Bucket, key: string, options: RequestOptions): Promise<void> {
  const uploads = await uploadsTo(bucket, key, options);
  const now = await bucket.storeTime();
  let young = 0;
  for (const { uploadId, begunAt } of uploads) {
    const parts = await listParts(bucket, key, uploadId, options);
    // One with parts is another writer's: ours never became known to anybody who could have sent one.
    if (parts === undefined || parts.size > 0) continue;
    if (now - begunAt < DEAD_AFTER_MS) young++;
    else await abortMultipart(bucket, key, uploadId, options);
  }
  if (young === 0) return;
  throw new BackupError(
    "STORE_FAILED",
    `An upload to ${bucket.locate(key)} was begun and not used yet; it may be another writer's`,
    { hint: `It is looked at again, and removed when it is ${DEAD_AFTER_MS / 60_000} minutes old.` },
  );
}

type UploadsMarker = Pick<Sdk.ListMultipartUploadsCommandInput, "KeyMarker" | "UploadIdMarker">;

/** Takes away every unfinished upload to `key`. */
export async function abortAll(bucket: Bucket, key: string, options: RequestOptions): Promise<void> {
  for (const { uploadId } of await uploadsTo(bucket, key, options)) {
    await abortMultipart(bucket, key, uploadId, options);
  }
}

/** None where the store cannot list uploads: then nobody can find them. */
async function uploadsTo(bucket: Bucket, key: string, options: RequestOptions): Promise<UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  let from: UploadsMarker = {};
  try {
    do {
      const target = { Bucket: bucket.name, Prefix: key, ...from };
      const page: Sdk.ListMultipartUploadsCommandOutput = await bucket.call(
        { ...options, key, doing: "look for unfinished uploads to" },
        (client, sdk, http) => client.send(new sdk.ListMultipartUploadsCommand(target), http),
      );
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key !== key || UploadId === undefined) continue;
        found.push({ uploadId: UploadId, begunAt: Initiated?.getTime() ?? Infinity });
      }
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      from = page.IsTruncated === true ? { KeyMarker, UploadIdMarker } : {};
    } while (from.KeyMarker !== undefined);
  } catch (error) {
    if (!isRefusal(error, 501)) throw error;
  }
  return found;
}
