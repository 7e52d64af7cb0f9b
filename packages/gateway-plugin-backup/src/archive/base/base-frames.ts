/** Bytes of a base that have to pass through our hands: checked against its index before they are used. */
import { hash } from "node:crypto";
import { damaged } from "../damage.js";
import type { SegmentRecord } from "../format.js";
import { naming } from "../naming.js";
import { type ArchiveSource, archiveSubject, readRange } from "../source.js";
import { decompressFrame } from "../zstd.js";
import type { BaseSegments } from "./base-segments.js";
import type { BaseRange } from "./take-over.js";

/** Read with one request. */
const READ_BYTES = 8 * 1024 * 1024;

/**
 * The bytes of a range, which may begin and end within frames: each frame that it touches is read whole. Throws
 * ARCHIVE_DAMAGED when one is not what the index says, and what the source throws.
 */
export async function* checkedRange(
  source: ArchiveSource,
  segments: BaseSegments,
  { start, end }: BaseRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let number = segments.at(start);
  for (let position = start; position < end;) {
    const first = segments.get(number).offset;
    const frames: SegmentRecord[] = [];
    let bytes = 0;
    for (; number < segments.count && segments.get(number).offset < end; number++) {
      const frame = segments.get(number);
      if (frames.length > 0 && bytes + frame.stored > READ_BYTES) break;
      frames.push(frame);
      bytes += frame.stored;
    }
    const stored = await readRange(source, first, first + bytes);
    for (const frame of frames)
      checkFrame(source, frame, stored.subarray(frame.offset - first, frame.offset - first + frame.stored));
    const upTo = Math.min(first + bytes, end);
    yield stored.subarray(position - first, upTo - first);
    position = upTo;
  }
}

/** Reads one frame and compares it. Throws ARCHIVE_DAMAGED, and what the source throws. */
export async function checkStoredFrame(source: ArchiveSource, frame: SegmentRecord): Promise<void> {
  checkFrame(source, frame, await readRange(source, frame.offset, frame.offset + frame.stored));
}

function checkFrame(source: ArchiveSource, { offset, raw, sha256 }: SegmentRecord, stored: Uint8Array): void {
  const subject = archiveSubject(source);
  const content = naming(subject, () => decompressFrame(stored, raw));
  if (hash("sha256", content) === sha256) return;
  throw damaged("segment hash", `${subject}: the segment at byte ${offset} is not what its index says.`);
}
