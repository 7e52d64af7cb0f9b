/** The entries that a comparison takes: of an archive, or of the tenant as it is now. */
import { closeSync, type BigIntStats } from "node:fs";
import { statIn } from "../confined.js";
import { INDEX_FRAME_MAGIC, type ArchiveLimits } from "../format.js";
import { SKIPPABLE_HEADER_BYTES } from "../frames.js";
import { readIndex } from "../index-codec.js";
import type { RawPath } from "../raw-path.js";
import { companionOf, mayBeDatabase } from "../sqlite/protocol.js";
import { TenantLinks } from "../tenant-links.js";
import { openTenant, subjectOf, walkOptions, type TenantSource } from "../tenant-source.js";
import { walk, type ListedDirectory } from "../walk.js";
import { Warnings } from "../warnings.js";
import { writeArchive, type WriteRequest } from "../writer.js";
import type { ComparedEntry } from "./comparison.js";
import { relativePath } from "./entry-view.js";

/** The entries of an index. */
export function* indexEntries(
  payload: Uint8Array,
  root: string,
  limits: ArchiveLimits,
): Generator<ComparedEntry, void, undefined> {
  for (const line of readIndex(payload, limits)) {
    if (line.kind !== "entry") continue;
    const { entry } = line;
    yield { ...entry, path: relativePath(entry, root), isDatabase: entry.flags.includes("database") };
  }
}

/**
 * What a backup of the tenant would hold, by its metadata: no file is opened. `wasArchived` tells a file beside a database
 * that is one in its own right from a part of that database. Throws FILE_UNREADABLE and IO_FAILED.
 */
export function* liveEntries(
  source: TenantSource,
  wasArchived: (path: RawPath) => boolean,
): Generator<ComparedEntry, void, undefined> {
  const warnings = new Warnings(subjectOf(source), source.allowUnreadable);
  const links = new TenantLinks(source);
  const linkTimes = new Map<RawPath, bigint>();
  const root = openTenant(source);
  try {
    for (const item of walk(walkOptions(source, root, warnings))) {
      if (item.type === "directory") {
        yield { ...facts(item.path, item.stats), type: "directory", size: 0 };
        continue;
      }
      const { directory, name, path } = item;
      const stats = statIn(directory.handle, name);
      if (stats === undefined) continue;
      if (item.type === "symlink") {
        links.add(directory.handle, name, path);
        linkTimes.set(path, stats.mtimeNs);
      } else if (!isBesideDatabase(directory, name) || wasArchived(path)) {
        const mtimeNs = databaseTime(directory, name, stats);
        yield { ...facts(path, stats), mtimeNs, type: "file", size: Number(stats.size) };
      }
    }
  } finally {
    closeSync(root);
  }
  const { safe } = links.judge();
  for (const [path, mtimeNs] of linkTimes) {
    const target = safe.get(path);
    if (target !== undefined)
      yield { path, type: "symlink", target, mode: 0o777, size: 0, mtimeNs, isDatabase: false };
  }
}

function facts(path: RawPath, { mode, mtimeNs }: BigIntStats): Omit<ComparedEntry, "type" | "size"> {
  return { path, mode: Number(mode) & 0o777, mtimeNs, isDatabase: false };
}

/** By its name, and by what stands beside it. */
function isBesideDatabase(directory: ListedDirectory, name: RawPath): boolean {
  const base = companionOf(name)?.base;
  const stats = base === undefined ? undefined : statIn(directory.handle, base);
  return stats !== undefined && mayBeDatabase(stats);
}

/** The time that a backup gives a database: of its `-wal`, where that is later. */
function databaseTime(directory: ListedDirectory, name: RawPath, stats: BigIntStats): bigint {
  const wal = mayBeDatabase(stats) ? statIn(directory.handle, `${name}-wal` as RawPath) : undefined;
  return wal !== undefined && wal.mtimeNs > stats.mtimeNs ? wal.mtimeNs : stats.mtimeNs;
}

/**
 * The index payload of the archive that a backup would write now: every file is read, databases by their copies, and
 * nothing is stored. Throws what `writeArchive` throws.
 */
export async function indexOfBackup(request: Omit<WriteRequest, "base">): Promise<Buffer> {
  const ending: Buffer[] = [];
  // Without a base there is nothing to copy.
  for await (const chunk of writeArchive(request).chunks as AsyncIterable<Uint8Array>) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // Segments come frame by frame before it; a copy, because a chunk's memory is used again.
    if (ending.length > 0 || bytes.readUInt32LE() === INDEX_FRAME_MAGIC) ending.push(Buffer.from(bytes));
  }
  const frame = Buffer.concat(ending);
  return frame.subarray(SKIPPABLE_HEADER_BYTES, SKIPPABLE_HEADER_BYTES + frame.readUInt32LE(4));
}
