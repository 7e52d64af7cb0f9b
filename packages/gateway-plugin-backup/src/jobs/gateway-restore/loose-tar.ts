/**
 * Loose objects, as `rclone copy` leaves them, as the tar that would hold them: so they pass through the same entry policy
 * and the same hands as another tool's archive.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import type { ArchiveSource } from "../../archive/source.js";
import { rawPath, rawPathFromBytes, type RawPath } from "../../archive/raw-path.js";
import { encodeTarHeader, TAR_END, tarPadding, type TarEntry } from "../../archive/tar-header.js";
import type { ObjectInfo, Store } from "../../stores/store.js";

/** Objects of this size and less are fetched ahead, so many at a time: one request after the other takes for ever. */
const SMALL_BYTES = 1024 * 1024;
const AHEAD = 16;

/** `rclone copy --links` stores a link as a file of this name that holds its target. */
const LINK_SUFFIX = ".rclonelink";
const LINK_BYTES_MAX = 4095;

/** Nobody keeps modes of loose objects: files are the owner's alone, like all of the state. */
const FILE_MODE = 0o600;

/** @param prefix Of all keys; what follows it is a file's path. */
export function looseTar(
  store: Store,
  prefix: string,
  files: readonly ObjectInfo[],
  signal: AbortSignal,
): ArchiveSource {
  // An object whose name ends with a slash is what S3 consoles show as a directory.
  const sorted = files.filter(({ key }) => !key.endsWith("/")).sort((a, b) => (a.key < b.key ? -1 : 1));
  const entries = sorted.map((object) => ({ object, entry: entryOf(object, prefix) }));
  const size = entries.reduce((sum, { entry }) => sum + encodedBytes(entry), TAR_END.length);
  return {
    size,
    describe: store.locate(prefix),
    async *read() {
      const ahead = new Map<number, Promise<Buffer>>();
      let next = 0;
      const fetchAhead = (from: number): void => {
        for (; next < entries.length && next < from + AHEAD; next++) {
          const object = entries[next]?.object;
          if (object === undefined || object.size > SMALL_BYTES) continue;
          const content = whole(store, object, signal);
          // Awaited below, in its turn.
          content.catch(() => undefined);
          ahead.set(next, content);
        }
      };
      for (const [number, { object, entry }] of entries.entries()) {
        fetchAhead(number);
        const fetched = ahead.get(number);
        ahead.delete(number);
        if (fetched !== undefined) yield* smallEntry(entry, await fetched);
        else yield* largeEntry(store, object, entry, signal);
      }
      // A store knows none on a disk.
      if (store.kind === "local") yield* linksBelow(prefix);
      yield TAR_END;
    },
  };
}

function* linksBelow(directory: string): Generator<Uint8Array> {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const file = join(entry.parentPath, entry.name);
    const target = rawPathFromBytes(readlinkSync(file, { encoding: "buffer" }));
    const path = rawPath(relative(directory, file));
    yield encodeTarHeader({ path, type: "symlink", mode: FILE_MODE, size: 0, mtimeNs: 0n, target });
  }
}

function entryOf({ key, size, modifiedAt }: ObjectInfo, prefix: string): TarEntry {
  const path = rawPath(key.slice(prefix.length));
  const mtimeNs = BigInt(modifiedAt.getTime()) * 1_000_000n;
  return { path, type: "file", mode: FILE_MODE, size, mtimeNs };
}

function encodedBytes(entry: TarEntry): number {
  return encodeTarHeader(entry).length + entry.size + tarPadding(entry.size);
}

function* smallEntry(entry: TarEntry, content: Buffer): Generator<Uint8Array> {
  if (entry.path.endsWith(LINK_SUFFIX) && content.length <= LINK_BYTES_MAX) {
    const path = entry.path.slice(0, -LINK_SUFFIX.length) as RawPath;
    yield encodeTarHeader({ ...entry, path, type: "symlink", size: 0, target: rawPathFromBytes(content) });
    return;
  }
  yield encodeTarHeader(entry);
  yield content;
  yield Buffer.alloc(tarPadding(content.length));
}

async function* largeEntry(
  store: Store,
  { key, size, etag }: ObjectInfo,
  entry: TarEntry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield encodeTarHeader(entry);
  yield* store.read(key, { etag, signal });
  yield Buffer.alloc(tarPadding(size));
}

async function whole(store: Store, { key, size, etag }: ObjectInfo, signal: AbortSignal): Promise<Buffer> {
  const content = Buffer.allocUnsafe(size);
  let at = 0;
  if (size === 0) return content;
  for await (const chunk of store.read(key, { etag, signal })) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
}
