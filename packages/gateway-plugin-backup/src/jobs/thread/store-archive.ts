/** The work of a backup: a tenant is written as an archive, straight into its store, and read back. */
import { writeArchive, type WriteProgress } from "../../archive/writer.js";
import { BackupError } from "../../errors.js";
import type { Store, StoredObject, Upload } from "../../stores/store.js";
import { isInterruption } from "../interruption.js";
import type { JobProgress } from "../types.js";
import { withStore } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import type { BackupOperation, BackupOutcome } from "./protocol.js";
import { hasIndex } from "./stored-index.js";

export function storeArchive(request: BackupOperation, context: OperationContext): Promise<BackupOutcome> {
  const { store: settings, key, overwrite, resume } = request;
  return withStore(settings, context, async (store) => {
    const upload = await store.create(key, {
      overwrite,
      onLeftover: (leftover) => context.leftover(leftover),
      onGone: (leftover) => context.gone(leftover),
      signal: context.signal,
      ...(resume === undefined ? {} : { resume }),
    });
    try {
      return await writeAndComplete(request, context, store, upload);
    } catch (error) {
      await (isInterruption(context.signal) ? upload.suspend() : upload.abort());
      throw error;
    }
  });
}

async function writeAndComplete(
  request: BackupOperation,
  context: OperationContext,
  store: Store,
  upload: Upload,
): Promise<BackupOutcome> {
  const { signal } = context;
  const { store: settings, key, overwrite, resume, compressionLevel: level, ...source } = request;
  const archive = writeArchive({
    ...source,
    root: `tenants/${request.tenant}`,
    level,
    signal,
    onProgress: (progress) => context.progress(writeProgress(progress)),
  });
  for await (const chunk of archive.chunks) await upload.write(chunk);
  const { totals, databases, excluded, indexSha256, warnings, storedBytes } = await archive.summary;
  const figures = { totals, databases, excluded, indexSha256, warnings };
  await context.completing({ ...figures, mark: upload.mark, size: storedBytes });
  const { modifiedAt, mark, version, ...object } = await verified(
    request,
    context,
    store,
    upload,
    indexSha256,
  );
  return { ...figures, object, abilities: store.abilities() };
}

/** A backup is done when its index was read back from the store and is the one that was written. */
async function verified(
  { limits, overwrite }: BackupOperation,
  { signal }: OperationContext,
  store: Store,
  upload: Upload,
  indexSha256: string,
): Promise<StoredObject> {
  const object = await upload.complete();
  if (await hasIndex(store, object, indexSha256, { limits, signal })) return object;
  const where = store.locate(object.key);
  if (await store.removeIfSame(object, signal)) {
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
