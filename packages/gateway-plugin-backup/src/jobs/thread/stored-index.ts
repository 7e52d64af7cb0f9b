/** Whether a store holds an archive: told by its index, which holds the hash of every segment, and is known by its own. */
import { createHash, randomInt } from "node:crypto";
import { checkStoredFrame } from "../../archive/base/base-frames.js";
import type { ArchiveLimits, SegmentRecord } from "../../archive/format.js";
import { openIndex, TAIL_BYTES, TAIL_BYTES_MAX } from "../../archive/open.js";
import type { ArchiveSource } from "../../archive/source.js";
import { BackupError } from "../../errors.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import { objectSource } from "./object-source.js";
import type { ArchiveIdentity } from "./protocol.js";

/** What reading an index back needs besides the object. */
export interface IndexReading {
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal;
  /** What stands behind the segments, where that is known. */
  readonly tailBytes?: number;
}

/**
 * SHA-256 of an object's index frame; undefined when it has no index, or one that cannot be read. `expected`: of an index
 * that was written here.
 */
export async function indexHash(
  store: Store,
  object: ObjectInfo,
  { limits, signal, tailBytes = TAIL_BYTES }: IndexReading,
  expected?: string,
): Promise<string | undefined> {
  const source = objectSource(store, object, signal);
  // A long index is fetched by itself: in one with the tail it would be in memory twice.
  const { bytes } = await source.tail(Math.min(tailBytes, TAIL_BYTES_MAX));
  try {
    const known = expected === undefined ? undefined : { sha256: expected, isRead: false };
    return (await openIndex(source, bytes, limits, known))?.sha256;
  } catch (error) {
    // What the archive itself causes has exit code 7; anything else is the store's trouble.
    if (error instanceof BackupError && error.exitCode === 7) return undefined;
    throw error;
  }
}

/** Whether an object is the archive that was stored there, told by its index; a sealed one is told by all of its bytes. */
export async function isArchive(
  store: Store,
  object: ObjectInfo,
  { indexSha256, sealedSha256 }: ArchiveIdentity,
  reading: IndexReading,
): Promise<boolean> {
  if (sealedSha256 === undefined) return hasIndex(store, object, indexSha256, reading);
  return (await objectHash(objectSource(store, object, reading.signal))) === sealedSha256;
}

/** SHA-256 of all of an object's bytes, 64 hex digits. */
export async function objectHash(
  source: ArchiveSource,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<string> {
  const digest = createHash("sha256");
  let bytes = 0;
  for await (const chunk of source.read(0, source.size)) {
    digest.update(chunk);
    bytes += chunk.length;
    onProgress(bytes);
  }
  return digest.digest("hex");
}

/** Compares twice before it says no: what was altered on its way here is good in the store, and must not be given up. */
export async function hasIndex(
  store: Store,
  object: ObjectInfo,
  sha256: string,
  reading: IndexReading,
): Promise<boolean> {
  return (
    (await indexHash(store, object, reading, sha256)) === sha256 ||
    (await indexHash(store, object, reading, sha256)) === sha256
  );
}

/**
 * Copied segments that are read back. A store that copies wrongly copies another range, or nothing: then hardly any segment
 * is where it should be. More would only take time, megabytes each.
 */
const SEGMENTS_SAMPLED = 3;

/** Whether some of these segments, chosen at random, stand in the object as they should. Each is looked at twice before it says no. */
export async function hasSegments(
  store: Store,
  object: ObjectInfo,
  segments: readonly SegmentRecord[],
  signal: AbortSignal,
): Promise<boolean> {
  const source = objectSource(store, object, signal);
  for (const segment of sample(segments)) {
    if (!(await isGood(source, segment)) && !(await isGood(source, segment))) return false;
  }
  return true;
}

async function isGood(source: ArchiveSource, segment: SegmentRecord): Promise<boolean> {
  try {
    await checkStoredFrame(source, segment);
    return true;
  } catch (error) {
    if (error instanceof BackupError && error.exitCode === 7) return false;
    throw error;
  }
}

function sample(segments: readonly SegmentRecord[]): SegmentRecord[] {
  const left = [...segments];
  const chosen: SegmentRecord[] = [];
  while (left.length > 0 && chosen.length < SEGMENTS_SAMPLED)
    chosen.push(...left.splice(randomInt(left.length), 1));
  return chosen.sort((a, b) => a.offset - b.offset);
}
