import type { ArchiveSource } from "../../archive/source.js";
import { BackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import type { ObjectInfo, Store, TailRead } from "../../stores/store.js";
import type { ObjectInStore } from "./protocol.js";

/** An archive in a store, as the archive readers want it: every read is of the object as it was when it was opened. */
export interface ObjectSource extends ArchiveSource {
  readonly object: ObjectInfo;
  tail(length: number): Promise<TailRead>;
}

/** Opens the object's store, runs `work`, and closes the store. Throws `ARCHIVE_NOT_FOUND`, and what the store throws. */
export async function withObject<T>(
  { store: settings, key }: ObjectInStore,
  signal: AbortSignal,
  work: (source: ObjectSource) => Promise<T>,
): Promise<T> {
  return withStore(settings, async (store) => {
    const object = await store.head(key, signal);
    if (object === undefined) {
      throw new BackupError("ARCHIVE_NOT_FOUND", `There is no archive at ${store.locate(key)}.`);
    }
    return work({
      object,
      size: object.size,
      describe: store.locate(key),
      read: (start, end) => store.read(key, { range: { start, end }, etag: object.etag, signal }),
      tail: (length) => store.readTail(key, length, signal),
    });
  });
}

export async function withStore<T>(
  settings: ObjectInStore["store"],
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = openStore(settings);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
