/** Whether a store holds an archive: told by its index, which holds the hash of every segment, and is known by its own. */
import type { ArchiveLimits } from "../../archive/format.js";
import { openIndex, TAIL_BYTES } from "../../archive/open.js";
import { BackupError } from "../../errors.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import { objectSource } from "./object-source.js";

/** What reading an index back needs besides the object. */
export interface IndexReading {
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal;
}

/** SHA-256 of an object's index frame; undefined when it has no index, or one that cannot be read. */
export async function indexHash(
  store: Store,
  object: ObjectInfo,
  { limits, signal }: IndexReading,
): Promise<string | undefined> {
  const source = objectSource(store, object, signal);
  const { bytes } = await source.tail(TAIL_BYTES);
  try {
    return (await openIndex(source, bytes, limits))?.sha256;
  } catch (error) {
    // What the archive itself causes has exit code 7; anything else is the store's trouble.
    if (error instanceof BackupError && error.exitCode === 7) return undefined;
    throw error;
  }
}

/** Compares twice before it says no: what was altered on its way here is good in the store, and must not be given up. */
export async function hasIndex(
  store: Store,
  object: ObjectInfo,
  sha256: string,
  reading: IndexReading,
): Promise<boolean> {
  return (
    (await indexHash(store, object, reading)) === sha256 ||
    (await indexHash(store, object, reading)) === sha256
  );
}
