/** Some entries of an archive, out of the segments that hold them and no others. */
import { createHash, hash } from "node:crypto";
import type { ArchiveLimits, EntryRecord } from "../format.js";
import { readIndex } from "../index-codec.js";
import { NumberColumn } from "../number-column.js";
import type { OpenIndex } from "../open.js";
import { rawPath, type RawPath } from "../raw-path.js";
import { type ArchiveSource, archiveSubject } from "../source.js";
import type { TreeReceiver, TreeTotals } from "../tree-receiver.js";
import { isWithin, parentPath, shownPath } from "../entry-name.js";
import { checkedSegments, type NumberedSegment } from "./checked-segments.js";
import { checkContent, checkedHeaderEnd, checkPadding } from "../entry-checks.js";
import { relativePath } from "./entry-view.js";
import type { PathMatcher } from "./path-globs.js";
import { tarPadding } from "../tar-header.js";

/** The tenant's own record: who a tenant is never comes out of an archive by a path. */
const TENANT_RECORD = rawPath("tenant.json");

export interface Selection {
  /** By number of the entry: 1 for what was meant, {@link PARENT} for a directory on the way to it. */
  readonly entries: NumberColumn;
  /** Stretches of segments that follow each other in the object, in its order. */
  readonly runs: readonly (readonly NumberedSegment[])[];
  /** Of what was meant. */
  readonly totals: TreeTotals;
  /** The first of what was meant, fit to be shown. */
  readonly paths: readonly string[];
  /** The record of the tenant was meant, and is not among the entries. */
  readonly leftOutRecord: boolean;
}

/** Paths that are told by name. */
const SHOWN_PATHS = 1000;

const MEANT = 1;
const PARENT = 2;

/**
 * Finds the entries that are meant, and the segments that hold them. Directories on the way are part of it, for their
 * modes and times. Memory: a byte for each of the archive's entries, and the segments that are wanted.
 *
 * @param withRecord A whole tenant is meant, with what says who it is.
 */
export function selectEntries(
  { header, payload }: OpenIndex,
  isMeant: PathMatcher,
  limits: ArchiveLimits,
  { withRecord = false }: { readonly withRecord?: boolean } = {},
): Selection {
  const entries = new NumberColumn(Uint8Array);
  const parents = new Set<RawPath>();
  const counts = { file: 0, directory: 0, symlink: 0 };
  let contentBytes = 0;
  let leftOutRecord = false;
  const paths: string[] = [];
  for (const line of readIndex(payload, limits)) {
    if (line.kind !== "entry" || !isWithin(line.entry.path, rawPath(header.root))) continue;
    const path = relativePath(line.entry, header.root);
    if (!isMeant(path)) continue;
    if (!withRecord && isWithin(path, TENANT_RECORD)) {
      leftOutRecord = true;
      continue;
    }
    entries.set(line.number, MEANT);
    counts[line.entry.type]++;
    contentBytes += line.entry.size;
    if (paths.length < SHOWN_PATHS) paths.push(shownPath(path));
    for (let parent = parentPath(path); parent !== "" && !parents.has(parent); parent = parentPath(parent))
      parents.add(parent);
  }
  const runs: NumberedSegment[][] = [];
  let group: NumberedSegment[] = [];
  for (const line of readIndex(payload, limits)) {
    if (line.kind === "segment") {
      if (line.segment.kind !== "piece") group = [];
      group.push(line);
    } else if (line.kind === "entry") {
      const { path, type } = line.entry;
      const isInside = isWithin(path, rawPath(header.root));
      const isParent = type === "directory" && isInside && parents.has(relativePath(line.entry, header.root));
      if (isParent && entries.get(line.number) === 0) entries.set(line.number, PARENT);
      if (entries.get(line.number) === 0) continue;
      addToRuns(runs, group);
      // Once is enough for all entries of a pack.
      group = [];
    }
  }
  const { file: files, directory: directories, symlink: symlinks } = counts;
  const totals = { entries: files + directories + symlinks, files, directories, symlinks, contentBytes };
  return { entries, runs, totals, paths, leftOutRecord };
}

function addToRuns(runs: NumberedSegment[][], [first, ...others]: readonly NumberedSegment[]): void {
  if (first === undefined) return;
  const run = runs.at(-1);
  if (run?.at(-1)?.number === first.number - 1) run.push(first, ...others);
  else runs.push([first, ...others]);
}

/**
 * Hands the selected entries to the receiver, in the archive's order, each checked as an extraction of the whole archive
 * checks it. Throws ARCHIVE_DAMAGED, what the receiver throws, and what the source throws.
 */
export async function extractSelection(
  source: ArchiveSource,
  { header, payload }: OpenIndex,
  { entries, runs }: Selection,
  limits: ArchiveLimits,
  receiver: TreeReceiver,
  onEntry: () => void,
): Promise<void> {
  const subject = archiveSubject(source);
  const raws = segmentsOf(source, runs);
  /** Number of the segment, pack or head, that was read last. */
  let current = -1;
  let raw: Buffer = Buffer.alloc(0);
  let pieces = 0;
  for (const line of readIndex(payload, limits)) {
    if (line.kind === "segment") pieces = line.segment.kind === "piece" ? pieces + 1 : 0;
    if (line.kind !== "entry" || entries.get(line.number) === 0) continue;
    const { entry } = line;
    const path = relativePath(entry, header.root);
    if (entry.segment !== current) {
      raw = await next(raws);
      current = entry.segment;
    }
    const start = checkedHeaderEnd(subject, entry, raw);
    if (entry.type === "directory") receiver.directory(path, entry.mode, entry.mtimeNs);
    else if (entry.target !== undefined) receiver.symlink(path, entry.target, entry.mtimeNs);
    else {
      receiver.beginFile(path, entry.mode, entry.mtimeNs, entry.size);
      if (pieces === 0) packedContent(subject, entry, raw.subarray(start), receiver);
      else await largeContent(subject, entry, raws, pieces, receiver);
      receiver.endFile();
    }
    onEntry();
  }
  // Lets the source end what it has open.
  await raws.next();
  receiver.finish();
}

function packedContent(subject: string, entry: EntryRecord, raw: Buffer, receiver: TreeReceiver): void {
  const content = raw.subarray(0, entry.size);
  checkPadding(subject, entry, raw.subarray(entry.size, entry.size + tarPadding(entry.size)));
  checkContent(subject, entry, hash("sha256", content, "hex"));
  receiver.content(content);
}

async function largeContent(
  subject: string,
  entry: EntryRecord,
  raws: AsyncIterator<Buffer>,
  pieces: number,
  receiver: TreeReceiver,
): Promise<void> {
  const digest = createHash("sha256");
  let left = entry.size;
  for (let piece = 0; piece < pieces; piece++) {
    const raw = await next(raws);
    const content = raw.subarray(0, left);
    checkPadding(subject, entry, raw.subarray(content.length));
    digest.update(content);
    receiver.content(content);
    left -= content.length;
  }
  checkContent(subject, entry, digest.digest("hex"));
}

async function* segmentsOf(
  source: ArchiveSource,
  runs: readonly (readonly NumberedSegment[])[],
): AsyncGenerator<Buffer, void, undefined> {
  for (const run of runs) yield* checkedSegments(source, run);
}

/** The runs hold every segment that is asked for: both come from the same index. */
async function next(raws: AsyncIterator<Buffer>): Promise<Buffer> {
  const { value } = (await raws.next()) as IteratorYieldResult<Buffer>;
  return value;
}
