/** Segments by range reads, each checked against the index. Synchronous work between the reads: for job threads. */
import { hash } from "node:crypto";
import { damaged } from "../damage.js";
import type { SegmentRecord } from "../format.js";
import { FrameAssembler } from "../frame-assembler.js";
import { naming } from "../naming.js";
import { type ArchiveSource, archiveSubject } from "../source.js";
import { decompressFrame } from "../zstd.js";

export interface NumberedSegment {
  readonly number: number;
  readonly segment: SegmentRecord;
}

/**
 * The tar bytes of segments that follow each other in the object, by one range. Each buffer has memory of its own. Throws
 * ARCHIVE_DAMAGED when a segment is not what the index says, and what the source throws.
 */
export async function* checkedSegments(
  source: ArchiveSource,
  segments: readonly NumberedSegment[],
): AsyncGenerator<Buffer, void, undefined> {
  const start = segments.reduce((least, { segment }) => Math.min(least, segment.offset), Infinity);
  const end = segments.reduce((_, { segment }) => segment.offset + segment.stored, 0);
  const frames = new FrameAssembler();
  const wanted = segments.values();
  let next = wanted.next();
  for await (const chunk of source.read(start, end)) {
    for (let rest = chunk; rest.length > 0 && next.done !== true;) {
      const { bytes, frame } = frames.take(rest, next.value.segment.stored);
      rest = rest.subarray(bytes);
      if (frame === undefined) continue;
      yield unpacked(source, next.value, frame);
      next = wanted.next();
    }
  }
  if (next.done !== true)
    throw damaged("object layout", `${archiveSubject(source)} ends within segment ${next.value.number}.`);
}

function unpacked(source: ArchiveSource, { number, segment }: NumberedSegment, frame: Uint8Array): Buffer {
  const subject = archiveSubject(source);
  const raw = naming(`${subject}, segment ${number}`, () => decompressFrame(frame, segment.raw));
  if (hash("sha256", raw, "hex") === segment.sha256) return raw;
  throw damaged("segment hash", `${subject} has other bytes in segment ${number} than its index says.`);
}
