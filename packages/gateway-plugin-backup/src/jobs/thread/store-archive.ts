/** The work of a backup: a tenant is written as an archive, straight into its store, and read back. */
import {
  writeArchive,
  type ArchiveStream,
  type CopiedRange,
  type WriteProgress,
  type WriteSummary,
} from "../../archive/writer.js";
import { encodeFacts } from "../../archive/base/facts.js";
import { rootOf } from "../../archive/gateway-parts.js";
import { BackupError } from "../../errors.js";
import type { Store, StoredObject, Upload } from "../../stores/store.js";
import { isInterruption } from "../interruption.js";
import type { JobProgress } from "../types.js";
import { writeFacts } from "./facts-file.js";
import { withStore } from "./object-source.js";
import { openBase, type OpenBase } from "./open-base.js";
import type { OperationContext } from "./operation-context.js";
import type { BackupOperation, BackupOutcome } from "./protocol.js";
import { PlainTail, seal } from "./sealing.js";
import { hasIndex, hasSegments } from "./stored-index.js";

export function storeArchive(request: BackupOperation, context: OperationContext): Promise<BackupOutcome> {
  const { store: settings, limits } = request;
  const { signal } = context;
  return withStore(settings, context, async (store) => {
    const base = request.base && (await openBase(store, request.base, { limits, signal }));
    const upload = await begin(request, context, store, base);
    try {
      return await writeAndComplete(request, context, { store, upload, base });
    } catch (error) {
      const isResumable = request.sealing === undefined && isInterruption(context.signal);
      await (isResumable ? upload.suspend() : upload.abort());
      throw error;
    }
  });
}

interface Places {
  readonly store: Store;
  readonly upload: Upload;
  readonly base: OpenBase | undefined;
}

function begin(
  { key, overwrite, resume }: BackupOperation,
  context: OperationContext,
  store: Store,
  base: OpenBase | undefined,
): Promise<Upload> {
  return store.create(key, {
    overwrite,
    onLeftover: (leftover) => context.leftover(leftover),
    onGone: (leftover) => context.gone(leftover),
    signal: context.signal,
    ...(resume === undefined ? {} : { resume }),
    ...(base === undefined ? {} : { base: base.copy }),
  });
}

async function writeAndComplete(
  request: BackupOperation,
  context: OperationContext,
  places: Places,
): Promise<BackupOutcome> {
  const { signal } = context;
  const { store, upload, base } = places;
  const { store: settings, key, overwrite, resume, base: object, sealing, ...operation } = request;
  const { compressionLevel: level, factsFile, ...source } = operation;
  const archive = writeArchive({
    ...source,
    root: rootOf(request.tenant),
    level,
    base: base?.write,
    signal,
    onProgress: (progress) => context.progress(writeProgress(progress)),
  });
  const sealed = await append(request, context, store, upload, archive);
  const summary = await archive.summary;
  const { totals, databases, excluded, indexSha256, warnings, storedBytes, takenOver } = summary;
  const mode = takenOver.length === 0 ? ("full" as const) : ("incremental" as const);
  const figures = { totals, databases, excluded, indexSha256, warnings, mode, ...sealed?.figures };
  await base?.check();
  await context.completing({ ...figures, mark: upload.mark, size: sealed?.size ?? storedBytes });
  const stored = await verified(request, context, places, summary);
  const { modifiedAt, mark, version, sentBytes, copiedBytes = 0, fetchedBytes, ...rest } = stored;
  const bytes = {
    planned: summary.plannedBytes,
    read: summary.bytesRead,
    reused: copiedBytes,
    uploaded: sentBytes,
    stored: stored.size,
  };
  // What is sealed is no base of the next.
  const factsProblem =
    sealed === undefined ? writeFacts(factsFile, encodeFacts(summary.states, indexSha256)) : undefined;
  return { ...figures, object: rest, bytes, factsProblem, abilities: store.abilities() };
}

interface SealedFigures {
  readonly size: number;
  readonly figures: Required<Pick<BackupOutcome, "encryption" | "objectSha256">>;
}

/** Writes the archive as it is, or sealed, and then tells what came of it. */
async function append(
  { sealing, limits, key }: BackupOperation,
  { signal }: OperationContext,
  store: Store,
  upload: Upload,
  archive: ArchiveStream,
): Promise<SealedFigures | undefined> {
  if (sealing === undefined) {
    for await (const chunk of archive.chunks)
      await (chunk instanceof Uint8Array ? upload.write(chunk) : upload.copy(chunk.copy));
    return undefined;
  }
  const tail = new PlainTail();
  const sealed = seal(tail.watch(onlyBytes(archive.chunks)), sealing, signal);
  for await (const chunk of sealed.chunks) await upload.write(chunk);
  await tail.check(await archive.summary, limits, store.locate(key));
  const figures = { encryption: sealing.kind, objectSha256: sealed.sha256() };
  return { size: sealed.size(), figures };
}

async function* onlyBytes(
  chunks: AsyncIterable<Uint8Array | CopiedRange>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    /* c8 ignore next -- nothing is copied where there is no base */
    if (!(chunk instanceof Uint8Array)) throw new Error("A sealed archive has no base.");
    yield chunk;
  }
}

/**
 * A backup is done when its index was read back from the store and is the one that was written, and so were some of the
 * segments that the store has copied.
 */
async function verified(
  { limits, overwrite, sealing }: BackupOperation,
  { signal }: OperationContext,
  { store, upload }: Places,
  { indexSha256, takenOver, tailBytes }: WriteSummary,
): Promise<StoredObject> {
  const object = await upload.complete();
  // Nobody here can look into it. It was looked at before, its bytes had checksums on their way, and its size was read back.
  if (sealing !== undefined) return object;
  const isIndexGood = await hasIndex(store, object, indexSha256, { limits, signal, tailBytes });
  if (isIndexGood && (await hasSegments(store, object, takenOver, signal))) return object;
  const where = store.locate(object.key);
  if (await store.removeIfSame(object, signal)) {
    if (isIndexGood) {
      throw new BackupError(
        "BASE_UNUSABLE",
        `${where} was stored, but what was copied into it is not what the base held.`,
        {
          details: {
            removed: true,
            reason: "what the store had copied was not what the earlier archive held",
          },
        },
      );
    }
    throw new BackupError(
      "STORE_FAILED",
      `${where} was stored, but what the store gives back is not what was written. It was removed.`,
      { hint: "Back up again; if it happens again, check the store's disks.", details: { removed: true } },
    );
  }
  if (!overwrite) throw new BackupError("ARCHIVE_EXISTS", `Another writer has just made ${where}`);
  throw new BackupError("STORE_FAILED", `Another writer has replaced ${where} since it was stored`);
}

function writeProgress(progress: WriteProgress): JobProgress {
  const { phase, contentBytes, totalContentBytes, files, totalFiles, storedBytes } = progress;
  return { phase, doneBytes: contentBytes, totalBytes: totalContentBytes, files, totalFiles, storedBytes };
}
