/** The requests of one multipart upload. */
import { BackupError } from "../../errors.js";
import { isRefusal, type Bucket } from "./bucket.js";
import { MOST_IN_FLIGHT } from "./part-size.js";
import { MARK, withoutQuotes, type RequestOptions, type WriteOptions, type Written } from "./objects.js";

export interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string;
}

/**
 * Begins an upload whose object will carry `mark`, and returns its id. `onLostAnswer` is called when the store may have
 * begun one besides, whose id was in an answer that did not arrive.
 */
export async function beginMultipart(
  bucket: Bucket,
  key: string,
  mark: string,
  options: RequestOptions,
  onLostAnswer?: () => void,
): Promise<string> {
  const settled = (): Promise<undefined> => {
    onLostAnswer?.();
    return Promise.resolve(undefined);
  };
  const { UploadId } = await bucket.call(
    { ...options, key, doing: "begin an upload to", settled },
    (client, sdk, http) =>
      client.send(
        new sdk.CreateMultipartUploadCommand({ Bucket: bucket.name, Key: key, Metadata: { [MARK]: mark } }),
        http,
      ),
  );
  if (UploadId === undefined) {
    throw new BackupError(
      "STORE_FAILED",
      `The store began no upload to ${bucket.locate(key)}: its answer has no id`,
    );
  }
  return UploadId;
}

export interface PartToSend {
  readonly number: number;
  readonly bytes: Buffer;
  readonly contentMd5: string;
}

export async function sendPart(
  bucket: Bucket,
  key: string,
  uploadId: string,
  part: PartToSend,
  options: RequestOptions,
): Promise<SentPart> {
  const { ETag } = await bucket.call(
    { ...options, key, doing: `send part ${part.number} of`, bytes: part.bytes.length * MOST_IN_FLIGHT },
    (client, sdk, http) =>
      client.send(
        new sdk.UploadPartCommand({
          Bucket: bucket.name,
          Key: key,
          UploadId: uploadId,
          PartNumber: part.number,
          Body: part.bytes,
          ContentMD5: part.contentMd5,
        }),
        http,
      ),
  );
  if (ETag === undefined) {
    throw new BackupError(
      "STORE_FAILED",
      `The store gave no ETag for part ${part.number} of ${bucket.locate(key)}`,
    );
  }
  return { PartNumber: part.number, ETag };
}

/**
 * Makes the object of its parts, which must be in order. `onlyNew`: with the condition that no object is there (answered
 * 412 by a store that honours it). Returns the new object's version where the bucket keeps versions.
 */
export async function completeMultipart(
  bucket: Bucket,
  key: string,
  uploadId: string,
  content: { readonly parts: readonly SentPart[]; readonly onlyNew: boolean },
  options: WriteOptions,
): Promise<Written> {
  return bucket.call({ ...options, key, doing: "complete the upload to" }, async (client, sdk, http) => {
    const { VersionId } = await client.send(
      new sdk.CompleteMultipartUploadCommand({
        Bucket: bucket.name,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: { Parts: [...content.parts] },
        ...(content.onlyNew ? { IfNoneMatch: "*" } : {}),
      }),
      http,
    );
    return { version: VersionId };
  });
}

/** Rounds of abort and look: parts that were on their way can arrive after an abort, and are charged for until seen. */
const ABORT_ROUNDS = 5;

/**
 * Removes an unfinished upload with its parts, until the store says that nothing of it is left. Fine when it is gone
 * already.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
export async function abortMultipart(
  bucket: Bucket,
  key: string,
  uploadId: string,
  options: RequestOptions,
): Promise<void> {
  const target = { Bucket: bucket.name, Key: key, UploadId: uploadId };
  for (let round = 1; round <= ABORT_ROUNDS; round++) {
    const gone = await whileThere(() =>
      bucket.call({ ...options, key, doing: "abort the upload to" }, (client, sdk, http) =>
        client.send(new sdk.AbortMultipartUploadCommand(target), http),
      ),
    );
    if (gone === undefined) return;
    const left = await whileThere(() =>
      bucket.call(
        { ...options, key, doing: "check that nothing is left of the upload to" },
        (client, sdk, http) => client.send(new sdk.ListPartsCommand(target), http),
      ),
    );
    if (left === undefined || (left.Parts ?? []).length === 0) return;
    await bucket.retrier.backOff(round, options.signal);
  }
  throw new BackupError(
    "STORE_FAILED",
    `The aborted upload to ${bucket.locate(key)} still has parts in the store`,
    {
      hint: "The next start of the gateway tries again; a lifecycle rule for incomplete uploads removes them as well.",
    },
  );
}

export interface StoredPart {
  readonly size: number;
  readonly etag: string;
}

/** The parts that an upload has, by number; undefined when there is no such upload (any more). */
export async function listParts(
  bucket: Bucket,
  key: string,
  uploadId: string,
  options: RequestOptions,
): Promise<Map<number, StoredPart> | undefined> {
  const parts = new Map<number, StoredPart>();
  let after: string | undefined;
  do {
    const target = { Bucket: bucket.name, Key: key, UploadId: uploadId };
    const marker = after === undefined ? {} : { PartNumberMarker: after };
    const page = await whileThere(() =>
      bucket.call({ ...options, key, doing: "list the parts of the upload to" }, (client, sdk, http) =>
        client.send(new sdk.ListPartsCommand({ ...target, ...marker }), http),
      ),
    );
    if (page === undefined) return undefined;
    for (const { PartNumber, Size, ETag } of page.Parts ?? []) {
      if (PartNumber !== undefined) parts.set(PartNumber, { size: Size ?? 0, etag: withoutQuotes(ETag) });
    }
    after = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (after !== undefined);
  return parts;
}

/**
 * Undefined when the upload does not exist (any more): `NoSuchUpload`, from Ceph also `NoSuchKey`; with its bucket an
 * upload is gone, too.
 */
async function whileThere<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request();
  } catch (error) {
    if (isRefusal(error, 404)) return undefined;
    throw error;
  }
}
