/** What an archive's index tells of it as a whole. */
import type { ArchiveLimits, IndexHeader, SegmentKind } from "../format.js";
import { readIndex } from "../index-codec.js";
import type { OpenIndex } from "../open.js";

export interface ArchiveContents {
  readonly header: IndexHeader;
  /** In the order in which the kinds first occur. */
  readonly segments: readonly SegmentSum[];
  readonly flagged: FlaggedEntries;
}

export interface SegmentSum {
  readonly kind: SegmentKind;
  readonly segments: number;
  /** Bytes of the object, and of the tar stream. */
  readonly storedBytes: number;
  readonly rawBytes: number;
}

/** How many entries have which flag. */
export interface FlaggedEntries {
  readonly database: number;
  readonly truncated: number;
  readonly changed: number;
}

/** Sums the index up. Throws what `readIndex` throws. */
export function archiveContents({ header, payload }: OpenIndex, limits: ArchiveLimits): ArchiveContents {
  const sums = new Map<SegmentKind, { segments: number; storedBytes: number; rawBytes: number }>();
  const flagged = { database: 0, truncated: 0, changed: 0 };
  for (const line of readIndex(payload, limits)) {
    if (line.kind === "segment") {
      const { kind, stored, raw } = line.segment;
      const sum = sums.get(kind) ?? { segments: 0, storedBytes: 0, rawBytes: 0 };
      sums.set(kind, sum);
      sum.segments++;
      sum.storedBytes += stored;
      sum.rawBytes += raw;
    } else if (line.kind === "entry") {
      for (const flag of line.entry.flags) flagged[flag]++;
    }
  }
  return { header, segments: [...sums].map(([kind, sum]) => ({ kind, ...sum })), flagged };
}
