/** Reading an archive to see whether it is good: its ends, a sample of its segments, or all of it. */
import { createHash } from "node:crypto";
import { checkStoredFrame } from "../base/base-frames.js";
import {
  extractArchive,
  type ExtractProgress,
  type ExtractRequest,
  type ExtractSummary,
} from "../extract.js";
import type { ArchiveLimits, SegmentRecord } from "../format.js";
import type { IdentifiedArchive } from "../identify.js";
import { readOpened } from "../index-codec.js";
import type { OpenIndex } from "../open.js";
import type { ArchiveSource } from "../source.js";
import { UNLIMITED_SPACE } from "../space.js";
import { anywhere, chooseSample } from "./sample-order.js";

/** What a verification did of what there is to do, in words for people. */
export interface Verification {
  readonly segments: number;
  readonly segmentsChecked: number;
  /** Of a sample. */
  readonly sampledTo?: string;
  /** Of all the object's bytes, where they were read; 64 hex digits. */
  readonly objectSha256?: string;
  /** What was not checked, each a clause: "the content of its segments". Empty: everything was. */
  readonly notChecked: readonly string[];
}

export interface VerificationRequest {
  readonly source: ArchiveSource;
  readonly archive: IdentifiedArchive;
  readonly limits: ArchiveLimits;
  /** See `ExtractRequest`. */
  readonly as: string | undefined;
  readonly signal: AbortSignal;
  onProgress(progress: ExtractProgress): void;
}

/** A share of the segments' bytes, and where the last sample ended, if there was one. */
export interface SampleRequest {
  readonly share: number;
  readonly after?: string;
}

const FOREIGN_CONTENT =
  "its content: another tool made it, and it has no index of ours that says what it should be";

/** Opening the archive has checked size, seek table and index against each other; this says what that leaves. */
export function quickVerification({ index }: IdentifiedArchive): Verification {
  const segments = index?.header.totals.segments ?? 0;
  const notChecked = [index === undefined ? FOREIGN_CONTENT : "the content of its segments"];
  return { segments, segmentsChecked: 0, notChecked };
}

/** Reads some segments. Throws ARCHIVE_DAMAGED, the signal's reason, and what the source throws. */
export async function sampleVerification(
  request: VerificationRequest,
  { share, after = anywhere() }: SampleRequest,
): Promise<Verification> {
  const { source, archive, signal } = request;
  if (archive.index === undefined) return quickVerification(archive);
  const all = segmentsOf(archive.index);
  const sample = chooseSample(all, share, after);
  const totalStoredBytes = sample.segments.reduce((sum, { stored }) => sum + stored, 0);
  let storedBytes = 0;
  for (const segment of sample.segments) {
    signal.throwIfAborted();
    await checkStoredFrame(source, segment);
    storedBytes += segment.stored;
    request.onProgress({
      files: 0,
      totalFiles: undefined,
      contentBytes: 0,
      totalContentBytes: undefined,
      storedBytes,
      totalStoredBytes,
    });
  }
  const segmentsChecked = sample.segments.length;
  const rest = all.length - segmentsChecked;
  return {
    segments: all.length,
    segmentsChecked,
    sampledTo: sample.next,
    notChecked: rest === 0 ? [] : [`the content of ${rest} of its ${all.length} segments`],
  };
}

/** Reads all of it, as a restore does, and writes nothing. Throws what `extractArchive` throws. */
export async function fullVerification(request: VerificationRequest): Promise<Verification> {
  const { archive } = request;
  const { objectSha256 } = await extractWhole({ ...request, into: undefined, space: UNLIMITED_SPACE });
  const segments = archive.index?.header.totals.segments ?? 0;
  return { segments, segmentsChecked: segments, objectSha256, notChecked: uncheckable(archive) };
}

/** What not even reading every byte of an archive can check. */
export function uncheckable({ index, format }: IdentifiedArchive): string[] {
  if (index !== undefined) return [];
  const checksums =
    format === "tar"
      ? "a plain tar has no checksums of content"
      : "only its compression's checksums were checked";
  return [`hashes of its files: it has no index of ours, and ${checksums}`];
}

export interface WholeExtraction extends ExtractSummary {
  readonly objectSha256: string;
}

/** Extracts an archive, or reads it as if, down to the last byte of the object. Throws what `extractArchive` throws. */
export async function extractWhole({
  source,
  archive,
  ...request
}: Omit<VerificationRequest, "onProgress"> &
  Pick<ExtractRequest, "into" | "space" | "onProgress">): Promise<WholeExtraction> {
  const digest = createHash("sha256");
  const { size, describe } = source;
  const hashed: ArchiveSource = {
    size,
    describe,
    async *read(start, end) {
      for await (const chunk of source.read(start, end)) {
        digest.update(chunk);
        yield chunk;
      }
    },
  };
  const summary = await extractArchive({ source: hashed, ...archive, ...request });
  const end = archive.index?.segmentsEnd ?? size;
  for await (const chunk of source.read(end, size)) digest.update(chunk);
  return { ...summary, objectSha256: digest.digest("hex") };
}

function segmentsOf({ payload }: OpenIndex): SegmentRecord[] {
  const segments: SegmentRecord[] = [];
  for (const line of readOpened(payload, () => false))
    if (line.kind === "segment") segments.push(line.segment);
  return segments;
}
