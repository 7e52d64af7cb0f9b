/** Which stretches of a base a new archive takes over as they are: pure, see `docs/archive-format.md`, "Order". */
import type { SegmentKind } from "../format.js";

/** S3's smallest part: what is shorter cannot be copied by itself. */
export const LEAST_RUN_BYTES = 5 * 1024 * 1024;

/**
 * As many runs as an upload has parts for, where the store allows 1000, and half of them are left for what is new.
 * Amazon's allow 10,000; there a tenant of 50 GB in runs of the least length would still be taken over nearly whole.
 */
export const MOST_RUNS = 500;

/** What is asked of a segment of the base. */
export interface SegmentFate {
  readonly kind: SegmentKind;
  /** Bytes of its frame. */
  readonly stored: number;
  /** Of a pack or a head: every entry in it is unchanged. Of no meaning for the others. */
  readonly survives: boolean;
}

/** Segments `first` to `end - 1` of the base. */
export interface Run {
  readonly first: number;
  readonly end: number;
}

export interface RunLimits {
  readonly leastBytes: number;
  readonly mostRuns: number;
}

interface MeasuredRun extends Run {
  readonly bytes: number;
}

/**
 * The runs of surviving units that lie side by side in the base, in its order. A unit is a pack, or a head with its
 * pieces. None is shorter than `leastBytes`, which grows until there are at most `mostRuns`.
 */
export function survivingRuns(
  segments: Iterable<SegmentFate>,
  { leastBytes, mostRuns }: RunLimits = { leastBytes: LEAST_RUN_BYTES, mostRuns: MOST_RUNS },
): Run[] {
  const runs = [...allRuns(segments)].filter(({ bytes }) => bytes >= leastBytes);
  const tooShort = runs.map(({ bytes }) => bytes).sort((a, b) => b - a)[mostRuns] ?? -1;
  return runs.filter(({ bytes }) => bytes > tooShort).map(({ first, end }) => ({ first, end }));
}

function* allRuns(segments: Iterable<SegmentFate>): Generator<MeasuredRun, void, undefined> {
  let first = 0;
  let number = 0;
  let bytes = 0;
  // Of the unit that the segments are in.
  let survives = false;
  for (const { kind, stored, survives: isUnchanged } of segments) {
    if (kind !== "piece") survives = (kind === "pack" || kind === "head") && isUnchanged;
    if (survives) {
      bytes += stored;
    } else {
      if (bytes > 0) yield { first, end: number, bytes };
      first = number + 1;
      bytes = 0;
    }
    number++;
  }
  if (bytes > 0) yield { first, end: number, bytes };
}
