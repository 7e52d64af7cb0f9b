/**
 * Which segments a sample looks at: those that were not looked at for the longest time.
 *
 * Segments are taken in the order of their hashes, which says nothing of where they lie, round and round; each sample goes
 * on where the last one ended, the first anywhere. So what is remembered of all samples is one place in that order, and
 * samples of a share s have seen every byte after 1/s of them, rounded up: each takes at least that share of the bytes, and
 * none takes a segment twice before all have had their turn.
 */
import { randomBytes } from "node:crypto";
import type { SegmentRecord } from "../format.js";

export interface Sample {
  /** In the order in which they lie in the object. */
  readonly segments: readonly SegmentRecord[];
  /** Where the next one goes on. */
  readonly next: string;
}

/** More segments than any archive has. */
const NUMBER_DIGITS = 8;

/** Where the first sample of an archive begins. */
export function anywhere(): string {
  return randomBytes(32).toString("hex");
}

/**
 * @param share Of the segments' stored bytes, above 0 and up to 1.
 * @param after Where the last sample ended, as its `next` said.
 */
export function chooseSample(all: readonly SegmentRecord[], share: number, after: string): Sample {
  const order = all
    .map((segment, number) => ({ segment, place: placeOf(segment, number) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const first = order.findIndex(({ place }) => place > after);
  const turn = first === -1 ? order : [...order.slice(first), ...order.slice(0, first)];
  const wanted = share * all.reduce((sum, { stored }) => sum + stored, 0);
  const chosen: SegmentRecord[] = [];
  let next = after;
  let bytes = 0;
  for (const { segment, place } of turn) {
    if (bytes >= wanted) break;
    chosen.push(segment);
    bytes += segment.stored;
    next = place;
  }
  return { segments: chosen.sort((a, b) => a.offset - b.offset), next };
}

/** Segments with the same bytes are told apart by their numbers. */
function placeOf({ sha256 }: SegmentRecord, number: number): string {
  return `${sha256}:${String(number).padStart(NUMBER_DIGITS, "0")}`;
}
