import { UNLIMITED_SPACE } from "../archive/space.js";
import { extractArchive } from "../archive/extract.js";
import { DEFAULT_LIMITS } from "../archive/format.js";
import { identifyArchive } from "../archive/identify.js";
import { withStored } from "../jobs/thread/object-source.js";
import { openStore } from "../stores/open.js";
import type { StoreSettings } from "../stores/settings.js";

/** An archive as it was found in its store. */
export interface StoredArchive {
  readonly size: number;
  readonly etag: string;
  /** Of the index frame's bytes, 64 hex digits; undefined where it has no index of ours. */
  readonly indexSha256: string | undefined;
}

/**
 * Reads an archive whole, as a restore that writes nothing does: every hash, every entry. Throws what a restore throws
 * of an archive that is missing, damaged or unsafe.
 */
export async function readStoredArchive(store: StoreSettings, key: string): Promise<StoredArchive> {
  const { signal } = new AbortController();
  return withStored({ store, key }, { openStore, signal }, async (source) => {
    const archive = await identifyArchive(source, DEFAULT_LIMITS);
    await extractArchive({
      source,
      ...archive,
      as: undefined,
      into: undefined,
      limits: DEFAULT_LIMITS,
      space: UNLIMITED_SPACE,
      signal,
      onProgress: () => undefined,
    });
    const { size, etag } = source.object;
    return { size, etag, indexSha256: archive.index?.sha256 };
  });
}
