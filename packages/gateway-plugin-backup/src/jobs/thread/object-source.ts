import type { ArchiveSource } from "../../archive/source.js";
import { BackupError } from "../../errors.js";
import type { ObjectInfo, Store, TailRead } from "../../stores/store.js";
import type { OperationContext } from "./operation-context.js";
import type { ObjectInStore } from "./protocol.js";

/** An archive in a store, as the archive readers want it: every read is of the object as it was when it was opened. */
export interface ObjectSource extends ArchiveSource {
  readonly object: ObjectInfo;
  /** Of an archive that was opened: as it is stored. */
  readonly stored?: ArchiveSource;
  tail(length: number): Promise<TailRead>;
}

/** Opens the object's store, runs `work`, and closes the store. Throws `ARCHIVE_NOT_FOUND`, and what the store throws. */
export async function withStored<T>(
  { store: settings, key }: ObjectInStore,
  { openStore, signal }: Pick<OperationContext, "openStore" | "signal">,
  work: (source: ObjectSource) => Promise<T>,
): Promise<T> {
  return withStore(settings, { openStore }, async (store) => {
    const object = await store.head(key, signal);
    if (object === undefined) {
      throw new BackupError("ARCHIVE_NOT_FOUND", `There is no archive at ${store.locate(key)}.`);
    }
    return work(objectSource(store, object, signal));
  });
}

/** Reads an object of an open store as it was when `head` described it. */
export function objectSource(store: Store, object: ObjectInfo, signal: AbortSignal): ObjectSource {
  const { key, size, etag } = object;
  return {
    object,
    size,
    describe: store.locate(key),
    read: (start, end) => store.read(key, { range: { start, end }, etag, signal }),
    tail: (length) => store.readTail(key, length, signal),
  };
}

export async function withStore<T>(
  settings: ObjectInStore["store"],
  { openStore }: Pick<OperationContext, "openStore">,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = openStore(settings);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
