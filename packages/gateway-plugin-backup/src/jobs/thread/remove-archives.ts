/** Looking for archives in a store, and removing those that are provably ours. */
import type { ArchiveLimits } from "../../archive/format.js";
import { BackupError, serializeError, toBackupError } from "../../errors.js";
import { whyLocked, type ObjectLock } from "../../stores/object-lock.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import { mapFewAtOnce } from "./few-at-once.js";
import { withStore } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import type {
  ArchiveToRemove,
  FoundObject,
  LockOperation,
  LookOperation,
  RemoveOperation,
  RemoveOutcome,
} from "./protocol.js";
import { indexHash, isArchive } from "./stored-index.js";

export function look(
  { store: settings, keys }: LookOperation,
  { openStore, signal }: Pick<OperationContext, "openStore" | "signal">,
): Promise<(FoundObject | undefined)[]> {
  return withStore(settings, { openStore }, (store) =>
    mapFewAtOnce(keys, async (key) => {
      const found = await store.head(key, signal);
      if (found === undefined) return undefined;
      const { size, etag, lock } = found;
      return { size, etag, ...(lock === undefined ? {} : { lock }) };
    }),
  );
}

/** Rejects with `ARCHIVE_NOT_FOUND` where another object stands there, and as `Store.lock` does. */
export function lock(
  { store: settings, key, etag, wanted }: LockOperation,
  { openStore, signal }: Pick<OperationContext, "openStore" | "signal">,
): Promise<ObjectLock | undefined> {
  return withStore(settings, { openStore }, async (store) => {
    const object = await store.head(key, signal);
    if (object?.etag === etag) return store.lock(object, wanted, signal);
    throw new BackupError(
      "ARCHIVE_NOT_FOUND",
      `${store.locate(key)} is not there any more, and was not locked.`,
    );
  });
}

/** Rejects only when the store cannot be opened; what becomes of each archive is in the result. */
export function remove(
  { store: settings, limits, archives }: RemoveOperation,
  { openStore, signal }: Pick<OperationContext, "openStore" | "signal">,
): Promise<RemoveOutcome[]> {
  return withStore(settings, { openStore }, (store) =>
    mapFewAtOnce(archives, (archive) => removeOne(store, archive, limits, signal)),
  );
}

async function removeOne(
  store: Store,
  archive: ArchiveToRemove,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<RemoveOutcome> {
  let asked = false;
  try {
    if (signal.aborted) return { outcome: "untouched" };
    const object = await store.head(archive.key, signal);
    if (object === undefined) return { outcome: "gone" };
    const reason = await difference(store, object, archive, limits, signal);
    if (reason !== undefined) return { outcome: "other", reason };
    const locked = whyLocked(object.lock, Date.now());
    if (locked !== undefined) return { outcome: "locked", reason: locked };
    asked = true;
    return (await store.removeIfSame(object, signal))
      ? { outcome: "removed" }
      : { outcome: "other", reason: "it was replaced just now" };
  } catch (error) {
    if (signal.aborted && !asked) return { outcome: "untouched" };
    const failure = toBackupError(error, `remove ${store.locate(archive.key)}`);
    return { outcome: "failed", error: serializeError(failure), asked };
  }
}

/**
 * Why an object is not the archive that was stored at its place; undefined when it is.
 *
 * The index holds the hash of every segment, and is itself known by its hash. An S3 object must have its ETag besides. A
 * local file's ETag is its identity on the disk, which changes when the disk is mounted anew or the directory is moved to
 * a larger one: there the index alone decides. Where the index of a damaged archive cannot be read, the ETag must do. The
 * index of a sealed archive cannot be read at all: its ETag decides, and where that has changed on the disk, all its bytes.
 */
async function difference(
  store: Store,
  object: ObjectInfo,
  archive: ArchiveToRemove,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { size, etag, indexSha256, sealedSha256, damaged } = archive;
  if (object.size !== size) return `it has ${object.size} bytes instead of ${size}`;
  const sameEtag = object.etag === etag;
  if (store.kind === "s3" && !sameEtag) return "its ETag is another one";
  if ((damaged || sealedSha256 !== undefined) && sameEtag) return undefined;
  if (sealedSha256 !== undefined) {
    const isSame = await isArchive(store, object, archive, { limits, signal });
    return isSame ? undefined : "its bytes are others";
  }
  const index = await indexHash(store, object, { limits, signal });
  if (index === indexSha256) return undefined;
  return index === undefined ? "its index cannot be read" : "its index is another one";
}
