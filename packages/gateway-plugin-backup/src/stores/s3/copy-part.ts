/**
 * Parts that a store copies by itself, from a range of another object of its bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
import { baseUnusable, checkBase } from "../copy-base.js";
import type { ByteRange, CopyBase } from "../store.js";
import { S3Error, type Bucket } from "./bucket.js";
import type { SentPart } from "./multipart.js";
import { inspect, type RequestOptions } from "./objects.js";

/** A base as it was found in the bucket. */
export interface CopySource extends CopyBase {
  /** Where the bucket keeps versions: exactly that one is copied, whatever becomes of the key meanwhile. */
  readonly version: string | undefined;
}

type CopiedObject = Pick<CopySource, "key" | "etag" | "version">;

/** Throws `BASE_UNUSABLE` unless the base is there, and what it was. */
export async function findBase(bucket: Bucket, base: CopyBase, options: RequestOptions): Promise<CopySource> {
  const where = bucket.locate(base.key);
  const found = await inspect(bucket, base.key, options);
  checkBase(base, found, where);
  // Ceph 16.2 decodes the name of a source twice: it fails with 404 or, where what comes out is no valid text, crashes.
  if (base.key.includes("%") && !(await bucket.isAws()))
    throw baseUnusable(where, "the store may take its name for another");
  return { ...base, version: found?.version };
}

/**
 * Throws `BASE_UNUSABLE` when the base changed since {@link findBase}: some stores (Ceph) ignore the condition that a copy is
 * made with. A version cannot change, except for the one that a bucket has that keeps no more of them ("null").
 */
export async function checkUnchanged(
  bucket: Bucket,
  source: CopySource,
  options: RequestOptions,
): Promise<void> {
  if (source.version !== undefined && source.version !== "null") return;
  checkBase(source, await inspect(bucket, source.key, options), bucket.locate(source.key));
}

/** Throws `BASE_UNUSABLE` when the store does not copy. */
export async function copyPart(
  bucket: Bucket,
  upload: { readonly key: string; readonly uploadId: string },
  part: { readonly number: number; readonly source: CopiedObject; readonly range: ByteRange },
  options: RequestOptions,
): Promise<SentPart> {
  const { number, source, range } = part;
  const where = bucket.locate(source.key);
  let emptyAnswers = 0;
  try {
    const { CopyPartResult } = await bucket.call(
      { ...options, key: upload.key, doing: `copy part ${number} of` },
      async (client, sdk, http) => {
        const command = new sdk.UploadPartCopyCommand({
          Bucket: bucket.name,
          Key: upload.key,
          UploadId: upload.uploadId,
          PartNumber: number,
          CopySource: copySource(bucket, source),
          CopySourceRange: `bytes=${range.start}-${range.end - 1}`,
          CopySourceIfMatch: `"${source.etag}"`,
        });
        try {
          return await client.send(command, http);
        } catch (error) {
          if (isEmptyAnswer(error) && ++emptyAnswers === EMPTY_ANSWERS)
            throw baseUnusable(where, "the store cannot copy");
          throw error;
        }
      },
    );
    if (CopyPartResult?.ETag !== undefined) return { PartNumber: number, ETag: CopyPartResult.ETag };
  } catch (error) {
    throw refusal(error, where);
  }
  throw baseUnusable(where, "the store cannot copy");
}

/**
 * S3 may break off a copy with an answer that is empty. But that is also how a store answers that knows nothing of copies,
 * and has just stored a part without a byte: then it does so again and again.
 */
const EMPTY_ANSWERS = 3;

/** The SDK makes an error of such an answer, one without the answer. */
function isEmptyAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === "InternalError" && !("$response" in error);
}

/** The header is sent as it is: what is no plain letter in a key must be encoded. */
function copySource(bucket: Bucket, { key, version }: CopiedObject): string {
  const path = [bucket.name, ...key.split("/")].map(encodeURIComponent).join("/");
  return version === undefined ? path : `${path}?versionId=${encodeURIComponent(version)}`;
}

/** Whatever a store answers instead of copying: the bytes can be sent. Only where it does not answer, they cannot. */
function refusal(error: unknown, where: string): unknown {
  if (!(error instanceof S3Error) || error.fault.status === undefined) return error;
  const { name, status, repeat } = error.fault;
  if (name === "NoSuchUpload" || repeat === "slower") return error;
  if (status === 412) return baseUnusable(where, "the base is not what it was");
  if (status === 404) return baseUnusable(where, "the base is gone");
  if (status === 405 || status === 501) return baseUnusable(where, "the store cannot copy", error);
  return baseUnusable(where, "the store refused to copy", error);
}
