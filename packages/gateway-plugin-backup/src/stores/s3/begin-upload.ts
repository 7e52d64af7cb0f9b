import type { CreateOptions, MultipartLeftover } from "../store.js";
import { S3Error, type Bucket } from "./bucket.js";
import { abortMultipart, beginMultipart } from "./multipart.js";
import type { RequestOptions } from "./objects.js";

/**
 * Begins an upload of parts, and has it noted: before its request that there may be one, whose id can be lost with the
 * answer, and then which. Returns its id.
 */
export async function beginNoted(
  bucket: Bucket,
  upload: Pick<MultipartLeftover, "sizeHint" | "resumable"> & { readonly key: string; readonly mark: string },
  notes: Pick<CreateOptions, "onLeftover" | "onGone">,
  request: RequestOptions,
): Promise<string> {
  const { key, mark, sizeHint, resumable } = upload;
  const begun = { kind: "begun", key } as const;
  await notes.onLeftover(begun);
  const answers = { lost: false };
  let uploadId: string;
  try {
    uploadId = await beginMultipart(bucket, key, mark, request, () => {
      answers.lost = true;
    });
  } catch (error) {
    const refused = error instanceof S3Error && !error.fault.uncertain && !answers.lost;
    if (refused) notes.onGone?.(begun);
    throw error;
  }
  try {
    await notes.onLeftover({
      kind: "multipart",
      key,
      uploadId,
      mark,
      ...(sizeHint === undefined ? {} : { sizeHint }),
      ...(resumable === undefined ? {} : { resumable }),
    });
  } catch (error) {
    // Nobody knows of it, so that nobody but us can remove it.
    await abortMultipart(bucket, key, uploadId, {}).catch(() => undefined);
    throw error;
  }
  if (!answers.lost) notes.onGone?.(begun);
  return uploadId;
}
