import { hashContents, readEntries } from "../entry-batch.js";
import type { EntryRecord } from "../format.js";
import type { FilledSegment } from "../segmenter.js";

/** The entries of a segment, with the hashes that a compress thread would fill in. */
export function segmentEntries({ buffer, raw, entries }: FilledSegment): EntryRecord[] {
  hashContents(entries, buffer.subarray(0, raw));
  return [...readEntries(entries)];
}
