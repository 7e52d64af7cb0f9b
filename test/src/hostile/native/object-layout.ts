/** What stands around the segments: seek tables, frames that do not belong there, bytes that nobody accounts for. */
import {
  encodeSeekTable,
  type FrameSize,
  INDEX_FRAME_MAGIC,
  SEEK_TABLE_FRAME_MAGIC,
  SIGNATURE_FRAME_MAGIC,
  skippableFrame,
} from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { altered, cases, damagedBy } from "./build.js";

/** The seek table's own bytes, changed. */
function tableBytes(change: (table: Buffer) => void): Buffer {
  return altered({
    parts: (parts) => {
      const table = parts.at(-1);
      if (table !== undefined) change(table);
    },
  });
}

function table(change: (frames: FrameSize[]) => void): Buffer {
  return altered({ table: change });
}

function sized(frames: FrameSize[], number: number, change: (frame: FrameSize) => Partial<FrameSize>): void {
  const frame = frames.at(number);
  if (frame !== undefined) frames.splice(number, 1, { ...frame, ...change(frame) });
}

/** A frame of another tool between the parts of the archive, that the seek table lists. */
function inserted(at: number, frame: Buffer): Buffer {
  return altered({
    table: (frames) => frames.splice(at, 0, { stored: frame.length, raw: 0 }),
    parts: (parts) => parts.splice(at, 0, frame),
  });
}

const note = skippableFrame(0x184d2a50, Buffer.from("a note"));
/** Of the sample's parts: pack, head, 3 pieces, dirs, end, index, seek table. */
const INDEX = 7;
/** Read as another tool's, up to the index: the last entry that was met is named. */
const lostEnd = damagedBy("lost end", "workspace/");

const tables = cases("seek tables that claim more or less than there is (zstd seekable format 0.1.0)", {
  "table-of-2-to-the-27-frames": [
    "the seek table claims 2^27 frames",
    () => tableBytes((bytes) => bytes.writeUInt32LE(2 ** 27, bytes.length - 9)),
    damagedBy("seek table"),
  ],
  "table-of-2-to-the-32-frames": [
    "the seek table claims 2^32 - 1 frames",
    () => tableBytes((bytes) => bytes.writeUInt32LE(2 ** 32 - 1, bytes.length - 9)),
    damagedBy("seek table"),
  ],
  "table-of-a-frame-more": [
    "the seek table claims a frame more, and so reaches into the index",
    () => tableBytes((bytes) => bytes.writeUInt32LE(9, bytes.length - 9)),
    damagedBy("skippable frame"),
  ],
  "table-of-a-frame-less": [
    "the seek table claims a frame less than it lists",
    () => tableBytes((bytes) => bytes.writeUInt32LE(7, bytes.length - 9)),
    damagedBy("skippable frame"),
  ],
  "table-lists-a-frame-less": [
    "the seek table leaves the last segment out",
    () => table((frames) => frames.splice(6, 1)),
    damagedBy("seek table"),
  ],
  "table-sums-to-too-much": [
    "the seek table's frames are larger than the object",
    () => table((frames) => sized(frames, 0, () => ({ stored: 2 ** 32 - 1 }))),
    damagedBy("seek table"),
  ],
  "table-lists-frames-of-4-gib": [
    "the seek table lists nothing but frames of 4 GiB",
    () => table((frames) => frames.fill({ stored: 2 ** 32 - 1, raw: 2 ** 32 - 1 })),
    damagedBy("seek table"),
  ],
  "table-lists-an-empty-frame": [
    "the seek table lists a frame without bytes",
    () => table((frames) => frames.unshift({ stored: 0, raw: 0 })),
    damagedBy("seek table"),
  ],
  "table-moves-a-border": [
    "the seek table puts the border of two frames elsewhere, with the sum right",
    () =>
      table((frames) => {
        sized(frames, 0, ({ stored }) => ({ stored: stored - 1 }));
        sized(frames, 1, ({ stored }) => ({ stored: stored + 1 }));
      }),
    damagedBy("seek table"),
  ],
  "table-other-raw-size": [
    "the seek table has another raw size for a segment than the index",
    () => table((frames) => sized(frames, 0, ({ raw }) => ({ raw: raw + 512 }))),
    damagedBy("seek table"),
  ],
  "table-hides-the-index": [
    "the seek table gives a segment no raw bytes, so that it passes for the index",
    () => table((frames) => sized(frames, 3, () => ({ raw: 0 }))),
    lostEnd,
  ],
  "table-index-with-raw-bytes": [
    "the seek table gives the index raw bytes",
    () => table((frames) => sized(frames, INDEX, () => ({ raw: 512 }))),
    damagedBy("seek table"),
  ],
  "table-takes-index-for-a-segment": [
    "the seek table counts the index to the last segment",
    () =>
      table((frames) => {
        const index = frames.pop();
        sized(frames, -1, ({ stored }) => ({ stored: stored + (index?.stored ?? 0) }));
      }),
    lostEnd,
  ],
  "table-with-reserved-bits": [
    "the seek table's descriptor sets a reserved bit",
    () => tableBytes((bytes) => bytes.writeUInt8(0x40, bytes.length - 5)),
    damagedBy("seek table"),
  ],
  "table-with-unused-bits": [
    "the seek table's descriptor sets a bit that means nothing",
    () => tableBytes((bytes) => bytes.writeUInt8(0x01, bytes.length - 5)),
    damagedBy("seek table"),
  ],
  "table-claims-checksums": [
    "the seek table's descriptor promises checksums that are not there",
    () => tableBytes((bytes) => bytes.writeUInt8(0x80, bytes.length - 5)),
    damagedBy("skippable frame"),
  ],
  "table-with-checksums": [
    "the seek table has checksums, which archives of ours never have",
    () =>
      altered({
        parts: (parts) => parts.push(withChecksums(parts.pop() ?? Buffer.alloc(0))),
      }),
    damagedBy("seek table"),
  ],
  "table-frame-of-another-size": [
    "the seek table's frame claims fewer bytes than it has",
    () => tableBytes((bytes) => bytes.writeUInt32LE(bytes.length - 9, 4)),
    damagedBy("skippable frame"),
  ],
  "table-frame-of-another-magic": [
    "the seek table stands in a frame of another kind",
    () => tableBytes((bytes) => bytes.writeUInt32LE(0x184d2a5d, 0)),
    damagedBy("skippable frame"),
  ],
  "table-without-footer": [
    "the seek table's footer has another magic number",
    () => tableBytes((bytes) => bytes.writeUInt32LE(0x8f92eab2, bytes.length - 4)),
    lostEnd,
  ],
  "two-tables": [
    "two seek tables stand behind each other, of which the last counts the first",
    () =>
      altered({
        parts: (parts) =>
          parts.push(
            encodeSeekTable([
              ...parts.slice(0, INDEX).map((part) => ({ stored: part.length, raw: 512 })),
              ...parts.slice(INDEX).map((part) => ({ stored: part.length, raw: 0 })),
            ]),
          ),
      }),
    damagedBy("skippable frame"),
  ],
  "two-tables-one-outside": [
    "two seek tables stand behind each other, of which the last does not count the first",
    () => altered({ parts: (parts) => parts.push(parts.at(-1) ?? Buffer.alloc(0)) }),
    damagedBy("seek table"),
  ],
});

const strangers = cases("frames and bytes where none belong", {
  "two-indexes": [
    "a second index stands behind the first",
    () =>
      altered({
        table: (frames) => frames.push(frames.at(-1) ?? { stored: 0, raw: 0 }),
        parts: (parts) => parts.splice(INDEX, 0, parts[INDEX] ?? Buffer.alloc(0)),
      }),
    damagedBy("signature"),
  ],
  "index-under-another-magic": [
    "the index is not marked as one, so that the archive passes for another tool's and no hash is checked",
    () => altered({ parts: (parts) => parts[INDEX]?.writeUInt32LE(0x184d2a50, 0) }),
    damagedBy("skippable frame"),
  ],
  "index-marked-as-signature": [
    "the index is marked as a signature",
    () => altered({ parts: (parts) => parts[INDEX]?.writeUInt32LE(SIGNATURE_FRAME_MAGIC, 0) }),
    damagedBy("skippable frame"),
  ],
  "index-marked-as-table": [
    "the index is marked as a seek table",
    () => altered({ parts: (parts) => parts[INDEX]?.writeUInt32LE(SEEK_TABLE_FRAME_MAGIC, 0) }),
    damagedBy("skippable frame"),
  ],
  "index-frame-of-another-size": [
    "the index's frame claims more bytes than it has",
    () => altered({ parts: (parts) => parts[INDEX]?.writeUInt32LE(2 ** 32 - 1, 4) }),
    damagedBy("skippable frame"),
  ],
  "index-without-table": [
    "an index stands at the end, with no seek table behind it",
    () => altered({ parts: (parts) => parts.pop() }),
    lostEnd,
  ],
  "skippable-frame-first": [
    "a frame that other readers pass over stands before the segments",
    () => inserted(0, note),
    lostEnd,
  ],
  "skippable-frame-between-segments": [
    "a frame that other readers pass over stands between two segments",
    () => inserted(3, note),
    lostEnd,
  ],
  "skippable-frame-behind-the-index": [
    "an unknown frame stands between index and seek table",
    () => altered({ behindIndex: [note] }),
    damagedBy("skippable frame"),
  ],
  "index-frame-in-the-middle": [
    "an index without content stands between two segments",
    () => inserted(3, skippableFrame(INDEX_FRAME_MAGIC, Buffer.alloc(0))),
    damagedBy("object layout"),
  ],
  "frame-behind-the-table": [
    "a frame that other readers pass over stands behind the seek table",
    () => Buffer.concat([altered({}), note]),
    lostEnd,
  ],
  "byte-behind-the-table": [
    "a line feed stands behind the seek table",
    () => Buffer.concat([altered({}), Buffer.from("\n")]),
    lostEnd,
  ],
  "byte-before": [
    "a byte stands before the archive",
    () => Buffer.concat([Buffer.from("\n"), altered({})]),
    damagedBy("seek table"),
  ],
  "age-header-before": [
    "the header of an encrypted file stands before the archive, and the seek table counts it in",
    () =>
      altered({
        table: (frames) => sized(frames, 0, ({ stored }) => ({ stored: stored + 22 })),
        parts: (parts) => parts.unshift(Buffer.from("age-encryption.org/v1\n")),
      }),
    damagedBy("seek table"),
  ],
  "two-archives": [
    "a second archive stands behind the first",
    () => Buffer.concat([altered({}), altered({})]),
    damagedBy("seek table"),
  ],
});

export const objectLayout: readonly HostileCase[] = [...tables, ...strangers];

/** The same seek table with a checksum for each frame: entries of 12 bytes, descriptor 0x80. */
function withChecksums(plain: Buffer): Buffer {
  const entries = plain.subarray(8, -9);
  const wide: Buffer[] = [];
  for (let at = 0; at < entries.length; at += 8) wide.push(entries.subarray(at, at + 8), Buffer.alloc(4));
  const footer = Buffer.from(plain.subarray(-9));
  footer.writeUInt8(0x80, 4);
  return skippableFrame(SEEK_TABLE_FRAME_MAGIC, Buffer.concat([...wide, footer]));
}
