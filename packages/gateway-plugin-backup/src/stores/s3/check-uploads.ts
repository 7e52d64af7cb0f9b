/** Does a store make objects of parts, copy parts, and heed conditions on them? */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { StoreAbilities } from "../store.js";
import { isRefusal } from "./bucket.js";
import type { CheckContext } from "./check-context.js";
import { getBytes, isUploadListed } from "./check-requests.js";
import { copyPart } from "./copy-part.js";
import {
  abortMultipart,
  beginMultipart,
  completeMultipart,
  listParts,
  sendPart,
  type SentPart,
} from "./multipart.js";
import { BackupError } from "../../errors.js";

const MIB = 1024 * 1024;
/** The smallest part that S3 takes, but for the last. */
const LEAST_PART = 5 * MIB;
/** Of the object that parts are copied from: AWS copies ranges only from objects of more than 5 MiB. */
export const SOURCE_BYTES = 6 * MIB;
const LAST_BYTES = 1000;

export interface CheckSource {
  readonly key: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

const NO_PARTS = "Archives of more than 5 MiB cannot be stored.";

/** Undefined: it is not known yet. */
interface Copying {
  copies: boolean | undefined;
}

/** What became of an object of parts: it holds what it should, or something else, or its parts were refused. */
type MadeOfParts = "right" | "wrong" | "refused";

/** The first two parts: of different sizes; and, for a store that refuses that, of one. */
const SIZES = [
  [LEAST_PART, SOURCE_BYTES],
  [LEAST_PART, LEAST_PART],
] as const;

export async function checkUploads(context: CheckContext, source: CheckSource): Promise<StoreAbilities> {
  const key = context.key("parts");
  const state: Copying = { copies: undefined };
  await context.announce(key);
  for (const sizes of SIZES) {
    const make = (): Promise<MadeOfParts | undefined> =>
      context.attempt(
        "multipart",
        "make an object of parts",
        () => makeOfParts(context, key, source, sizes, state),
        {
          outcome: "failed",
          consequence: NO_PARTS,
        },
      );
    let made = await make();
    if (made === "wrong" && state.copies === true) {
      // Was it the copies? Then it is right when all is sent.
      state.copies = false;
      made = await make();
    }
    if (made === undefined) return copyAbility(state);
    if (made === "refused") continue;
    const isEqual = sizes[0] === sizes[1];
    reportParts(context, { isRight: made === "right", isEqual, copies: state.copies === true });
    const complete = await checkGuard(context, key);
    await checkAbort(context);
    return {
      ...copyAbility(state),
      ...(complete === undefined ? {} : { complete }),
      ...(isEqual ? { equalParts: true } : {}),
    };
  }
  context.find({
    what: "multipart",
    outcome: "failed",
    message: "The store does not make an object of parts: it refuses them.",
    consequence: NO_PARTS,
  });
  return copyAbility(state);
}

function copyAbility({ copies }: Copying): StoreAbilities {
  return copies === undefined ? {} : { copy: copies };
}

function reportParts(
  context: CheckContext,
  {
    isRight,
    isEqual,
    copies,
  }: { readonly isRight: boolean; readonly isEqual: boolean; readonly copies: boolean },
): void {
  context.find(
    isRight
      ? { what: "multipart", outcome: "ok", message: "The store makes objects of parts." }
      : {
          what: "multipart",
          outcome: "failed",
          message: "An object that was made of parts does not hold what was sent.",
          consequence: NO_PARTS,
        },
  );
  if (isEqual)
    context.find({
      what: "equalParts",
      outcome: "info",
      message: "The store wants all parts of an object but the last to have one size.",
      consequence:
        "Uploads are made so; a little less is copied. `equalParts: true` in the destination saves finding it out.",
    });
  context.find(
    copies
      ? { what: "copy", outcome: "ok", message: "The store copies parts of earlier objects." }
      : {
          what: "copy",
          outcome: "lacking",
          message:
            "The store does not copy parts of earlier objects (UploadPartCopy), or copies others than it was told.",
          consequence: "Every backup is a full upload.",
        },
  );
}

/** Parts one and two are copied if the store can, the last is sent. Throws when the store refuses what must work. */
async function makeOfParts(
  context: CheckContext,
  key: string,
  source: CheckSource,
  sizes: readonly number[],
  state: Copying,
): Promise<MadeOfParts> {
  const { bucket, request } = context;
  const last = randomBytes(LAST_BYTES);
  const uploadId = await beginMultipart(bucket, key, randomUUID(), request);
  try {
    const parts: SentPart[] = [];
    for (const [n, size] of sizes.entries()) {
      const number = n + 1;
      const copied =
        state.copies === false ? undefined : await tryCopy(context, { key, uploadId }, number, source, size);
      state.copies = copied !== undefined;
      parts.push(copied ?? (await send(context, { key, uploadId }, number, source.bytes.subarray(0, size))));
    }
    parts.push(await send(context, { key, uploadId }, sizes.length + 1, last));
    try {
      context.made(key, await completeMultipart(bucket, key, uploadId, { parts, onlyNew: false }, request));
    } catch (error) {
      if (!isRefusal(error, 400)) throw error;
      return "refused";
    }
  } finally {
    await abortMultipart(bucket, key, uploadId, {}).catch(() => undefined);
  }
  const expected = Buffer.concat([...sizes.map((size) => source.bytes.subarray(0, size)), last]);
  return expected.equals(await getBytes(bucket, key, request)) ? "right" : "wrong";
}

interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** Undefined: the store does not copy. */
async function tryCopy(
  { bucket, request, options }: CheckContext,
  upload: OpenUpload,
  number: number,
  { key, etag }: CheckSource,
  size: number,
): Promise<SentPart | undefined> {
  options.onStep("copy");
  const source = { key, etag, version: undefined };
  try {
    return await copyPart(bucket, upload, { number, source, range: { start: 0, end: size } }, request);
  } catch (error) {
    if (error instanceof BackupError && error.code === "BASE_UNUSABLE") return undefined;
    throw error;
  }
}

function send(
  { bucket, request }: CheckContext,
  upload: OpenUpload,
  number: number,
  bytes: Buffer,
): Promise<SentPart> {
  const contentMd5 = createHash("md5").update(bytes).digest("base64");
  return sendPart(bucket, upload.key, upload.uploadId, { number, bytes, contentMd5 }, request);
}

/** Is an object that stands there safe from one made of parts? Undefined: that could not be found out. */
async function checkGuard(context: CheckContext, key: string): Promise<boolean | undefined> {
  const consequence =
    "Before an archive of parts is completed the gateway looks whether one is there; a writer at the same moment can slip past.";
  const refused = await context.attempt(
    "multipartGuard",
    "take a condition on an object that is made of parts",
    async () => {
      const { bucket, request } = context;
      const uploadId = await beginMultipart(bucket, key, randomUUID(), request);
      const complete = async (): Promise<boolean> => {
        const parts = [await send(context, { key, uploadId }, 1, Buffer.from("x"))];
        context.made(key, await completeMultipart(bucket, key, uploadId, { parts, onlyNew: true }, request));
        return false;
      };
      try {
        return await complete().catch((error: unknown) => {
          if (isRefusal(error, 412)) return true;
          throw error;
        });
      } finally {
        await abortMultipart(bucket, key, uploadId, {}).catch(() => undefined);
      }
    },
    { outcome: "lacking", consequence },
  );
  if (refused === true)
    context.find({
      what: "multipartGuard",
      outcome: "ok",
      message: "The store itself refuses to overwrite an object by one made of parts.",
    });
  if (refused === false)
    context.find({
      what: "multipartGuard",
      outcome: "lacking",
      message: "The store ignores the condition not to overwrite when an object is made of parts.",
      consequence,
    });
  return refused;
}

async function checkAbort(context: CheckContext): Promise<void> {
  const { bucket, request } = context;
  const key = context.key("aborted");
  await context.announce(key);
  const begun = await context.attempt(
    "abort",
    "abort an upload",
    async () => {
      const uploadId = await beginMultipart(bucket, key, randomUUID(), request);
      await send(context, { key, uploadId }, 1, Buffer.from("x"));
      const isListed = await context.attempt(
        "listUploads",
        "list unfinished uploads",
        () => isUploadListed(bucket, key, request),
        { outcome: "lacking", consequence: LIST_CONSEQUENCE },
      );
      await abortMultipart(bucket, key, uploadId, request);
      return { isListed, isGone: (await listParts(bucket, key, uploadId, request)) === undefined };
    },
    { outcome: "lacking", consequence: ABORT_CONSEQUENCE },
  );
  if (begun === undefined) return;
  if (begun.isListed !== undefined)
    context.find(
      begun.isListed
        ? { what: "listUploads", outcome: "ok", message: "The store lists unfinished uploads." }
        : {
            what: "listUploads",
            outcome: "lacking",
            message: "The store does not list unfinished uploads.",
            consequence: LIST_CONSEQUENCE,
          },
    );
  context.find(
    begun.isGone
      ? { what: "abort", outcome: "ok", message: "An aborted upload is gone." }
      : {
          what: "abort",
          outcome: "lacking",
          message: "An aborted upload is still there.",
          consequence: ABORT_CONSEQUENCE,
        },
  );
}

const LIST_CONSEQUENCE =
  "An upload whose beginning was answered by nobody stays, and is paid for: set a lifecycle rule for incomplete uploads.";
const ABORT_CONSEQUENCE =
  "What interrupted backups have sent stays, and is paid for: set a lifecycle rule for incomplete uploads.";
