/** The index, or a frame, claims more or less than there is. */
import { FrameCompressor, skippableFrame } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import {
  altered,
  cases,
  claimed,
  damagedBy,
  inTar,
  type Line,
  sample,
  segmentLine,
  segmentOf,
} from "./build.js";

const compressor = new FrameCompressor(3);
const limit = (rule: string) => ({ code: "LIMIT_EXCEEDED", rule }) as const;

/** A pack's frame, made otherwise; index and seek table know its size. */
function packed(make: (raw: Buffer) => Buffer): Buffer {
  return altered({ frame: (raw, kind) => (kind === "pack" ? make(raw) : undefined) });
}

/** A zstd frame's header (RFC 8878, section 3.1.1.1), then one RLE block of a byte, and four bytes for a checksum. */
function handmade(descriptor: number, fields: string): Buffer {
  const block = Buffer.from("0b000041", "hex");
  return Buffer.concat([
    Buffer.from("28b52ffd", "hex"),
    Buffer.of(descriptor),
    Buffer.from(fields, "hex"),
    block,
    Buffer.alloc(4),
  ]);
}

const claims = cases("an index that claims more or less than there is", {
  "claims-an-entry-more": [
    "the totals claim an entry more than is listed",
    () => altered({ lines: claimed(({ entries }) => ({ entries: (entries ?? 0) + 1 })) }),
    damagedBy("index totals"),
  ],
  "claims-an-entry-less": [
    "the totals claim an entry less than is listed",
    () => altered({ lines: claimed(({ entries }) => ({ entries: (entries ?? 0) - 1 })) }),
    damagedBy("index totals", "workspace"),
  ],
  "claims-a-segment-less": [
    "the totals claim a segment less than is listed",
    () => altered({ lines: claimed(({ segments }) => ({ segments: (segments ?? 0) - 1 })) }),
    damagedBy("index totals"),
  ],
  "claims-segments-without-end": [
    "the totals claim 2^53 - 1 segments",
    () => altered({ lines: claimed(() => ({ segments: Number.MAX_SAFE_INTEGER })) }),
    damagedBy("index totals"),
  ],
  "claims-other-kinds": [
    "the totals count a file as a directory",
    () =>
      altered({
        lines: claimed(({ files, directories }) => ({
          files: (files ?? 0) - 1,
          directories: (directories ?? 0) + 1,
        })),
      }),
    damagedBy("index totals"),
  ],
  "claims-less-content": [
    "the totals claim a byte, so that a check of the free space lets all through",
    () => altered({ lines: claimed(() => ({ contentBytes: 1 })) }),
    damagedBy("index totals"),
  ],
  "claims-other-tar-bytes": [
    "the totals claim another size of the tar",
    () => altered({ lines: claimed(() => ({ tarBytes: 512 })) }),
    damagedBy("index totals"),
  ],
  "claims-content-beyond-the-limit": [
    "the totals claim 2^53 - 1 bytes",
    () => altered({ lines: claimed(() => ({ contentBytes: Number.MAX_SAFE_INTEGER })) }),
    limit("bytes"),
  ],
  "claims-entries-beyond-the-limit": [
    "the totals claim 2^53 - 1 entries",
    () => altered({ lines: claimed(() => ({ entries: Number.MAX_SAFE_INTEGER })) }),
    limit("entries"),
  ],
  "segment-over-8-mib": [
    "a segment claims more raw bytes than a reader may allocate",
    () => altered({ lines: segmentLine("pack", { raw: 8 * 1024 * 1024 + 512 }) }),
    damagedBy("index layout"),
  ],
  "segment-of-2-to-the-52": [
    "a segment claims 2^52 raw bytes",
    () => altered({ lines: segmentLine("pack", { raw: 2 ** 52 }) }),
    damagedBy("index layout"),
  ],
  "segment-of-nothing": [
    "a segment claims no raw bytes",
    () => altered({ lines: segmentLine("pack", { raw: 0 }) }),
    damagedBy("index layout"),
  ],
  "segment-stored-in-nothing": [
    "a segment claims no stored bytes",
    () => altered({ lines: segmentLine("pack", { stored: 0 }) }),
    damagedBy("index layout"),
  ],
  "segments-with-a-gap": [
    "a gap stands between two segments, for bytes that nobody checks",
    () =>
      altered({ lines: segmentLine("dirs", (line) => ({ ...line, offset: Number(line["offset"]) + 1 })) }),
    damagedBy("index layout"),
  ],
  "file-beyond-its-segment": [
    "a file claims content that reaches beyond its segment",
    () =>
      altered({
        lines: (lines) =>
          lines.map((line) => (line["path"] === inTar("tenant.json") ? { ...line, size: 100_000 } : line)),
      }),
    damagedBy("index layout", "tenant.json"),
  ],
  "file-of-2-to-the-53": [
    "a file claims 2^53 - 1 bytes",
    () =>
      altered({
        lines: (lines) =>
          lines.map((line) =>
            line["path"] === inTar("tenant.json") ? { ...line, size: Number.MAX_SAFE_INTEGER } : line,
          ),
      }),
    damagedBy("index layout", "tenant.json"),
  ],
  "everything-claims-a-ghost": [
    "index, totals and seek table agree on an entry that the tar does not have",
    () =>
      altered({
        lines: (lines) => withGhost(lines),
        table: (frames) => {
          const [first] = frames;
          if (first !== undefined) frames[0] = { ...first, raw: first.raw + 512 };
        },
      }),
    damagedBy("zstd frame"),
  ],
});

const frames = cases("zstd frames that claim more or less than they hold (RFC 8878)", {
  "frame-of-2-to-the-63": [
    "a segment's frame claims 2^63 bytes",
    () => packed(() => handmade(0b1110_0100, "0000000000000080")),
    damagedBy("zstd frame"),
  ],
  "frame-of-another-size": [
    "a segment's frame holds less than index and seek table say",
    () => packed((raw) => compressor.compress(raw.subarray(512))),
    damagedBy("zstd frame"),
  ],
  "frame-without-size": [
    "a segment's frame does not tell its content size",
    () => packed(() => handmade(0b0000_0100, "58")),
    damagedBy("zstd frame"),
  ],
  "frame-without-checksum": [
    "a segment's frame has no checksum",
    () => packed(() => handmade(0b0110_0000, "0008")),
    damagedBy("zstd frame"),
  ],
  "frame-with-wrong-checksum": [
    "a segment's frame has a wrong checksum",
    () =>
      packed((raw) => {
        const frame = compressor.compress(raw);
        frame.writeUInt8((frame.at(-1) ?? 0) ^ 1, frame.length - 1);
        return frame;
      }),
    damagedBy("zstd frame"),
  ],
  "frame-with-a-window-of-3-tib": [
    "a segment's frame asks for a window of terabytes",
    () => packed(() => handmade(0b0100_0100, "ff0008")),
    damagedBy("zstd frame"),
  ],
  "frame-with-a-dictionary": [
    "a segment's frame needs a dictionary",
    () => packed(() => handmade(0b0110_0101, "010008")),
    damagedBy("zstd frame"),
  ],
  "frame-with-a-reserved-bit": [
    "a segment's frame sets a bit that is reserved",
    () => packed(() => handmade(0b0110_1100, "0008")),
    damagedBy("zstd frame"),
  ],
  "frame-with-an-unused-bit": [
    "a segment's frame sets a bit that means nothing",
    () =>
      packed((raw) => {
        const frame = compressor.compress(raw);
        frame.writeUInt8((frame[4] ?? 0) | 0b1_0000, 4);
        return frame;
      }),
    damagedBy("zstd frame"),
  ],
  "two-frames-in-one-segment": [
    "a segment is two frames, of which a careless reader takes the first",
    () =>
      packed((raw) =>
        Buffer.concat([compressor.compress(raw.subarray(0, 512)), compressor.compress(raw.subarray(512))]),
      ),
    damagedBy("zstd frame"),
  ],
  "skippable-frame-as-segment": [
    "a segment's frame is one that other readers pass over",
    () => packed((raw) => skippableFrame(0x184d2a50, raw)),
    damagedBy("zstd frame"),
  ],
  "gzip-as-segment": [
    "a segment's frame is a gzip member",
    () => packed((raw) => Buffer.concat([Buffer.from("1f8b0800", "hex"), raw])),
    damagedBy("zstd frame"),
  ],
  "bytes-behind-a-frame": [
    "bytes stand behind a segment's frame that its stored size counts",
    () => packed((raw) => Buffer.concat([compressor.compress(raw), Buffer.alloc(16)])),
    damagedBy("zstd frame"),
  ],
  "index-frame-of-2-to-the-40": [
    "a frame of the index claims a terabyte",
    () => altered({ payload: () => handmade(0b1110_0100, "0000000000010000") }),
    damagedBy("zstd frame"),
  ],
  "index-frame-over-8-mib": [
    "a frame of the index holds 9 MiB of spaces",
    () => altered({ payload: () => compressor.compress(Buffer.alloc(9 * 1024 * 1024, " ")) }),
    damagedBy("zstd frame"),
  ],
  "index-frame-empty": [
    "the index holds nothing",
    () => altered({ payload: () => Buffer.alloc(0) }),
    damagedBy("index line"),
  ],
  "index-payload-not-zstd": [
    "the index's lines are not compressed",
    () => altered({ payload: () => Buffer.from('{"kind":"header","format":1}\n') }),
    damagedBy("zstd frame"),
  ],
  "index-payload-cut": [
    "the index's last frame is cut off",
    () => altered({ payload: (payload) => payload.subarray(0, -1) }),
    damagedBy("zstd frame"),
  ],
});

const bombs = cases("bombs: small archives that unpack to much", {
  "bomb-tenant-record": [
    "tenant.json, which a restore reads into memory, has over a megabyte",
    () =>
      altered(
        { largeBytes: 2 * 1024 * 1024, pieceBytes: 4 * 1024 * 1024 },
        sample.map((entry) =>
          entry.path === "tenant.json" ? { ...entry, content: Buffer.alloc(1024 * 1024 + 1, " ") } : entry,
        ),
      ),
    { code: "UNSAFE_ENTRY", rule: "tenant record", entry: "tenant.json" },
  ],
  "bomb-frame": [
    "a frame of a few hundred bytes holds 8 MiB more than its segment",
    () => packed((raw) => compressor.compress(Buffer.concat([raw, Buffer.alloc(8 * 1024 * 1024)]))),
    damagedBy("zstd frame"),
  ],
  "bomb-index-line": [
    "a line of the index has megabytes",
    () =>
      altered({
        text: (lines) =>
          lines.map((line) =>
            line.includes("a.jsonl") ? line.replace("{", `{"x":"${"x".repeat(3e6)}",`) : line,
          ),
      }),
    damagedBy("index line"),
  ],
  "bomb-warnings": [
    "the index's header holds more warnings than a frame may",
    () =>
      altered({
        lines: ([header, ...lines]) => [
          {
            ...header,
            warnings: new Array<Line>(100_000).fill({ code: "X", path: "p".repeat(80), message: "m" }),
          },
          ...lines,
        ],
      }),
    damagedBy("zstd frame"),
  ],
  "bomb-claims-first": [
    "the index claims entries beyond the limit before it lists a single one",
    () =>
      altered({
        lines: (lines) => claimed(() => ({ entries: 5_000_001 }))(lines).slice(0, 1),
        draft: (segments) => segmentOf(segments, "pack").entries.splice(1),
      }),
    limit("entries"),
  ],
});

export const claimCases: readonly HostileCase[] = [...claims, ...frames, ...bombs];

/** One more empty file at the end of the pack, in the lines and in all sums. */
function withGhost(lines: readonly Line[]): Line[] {
  const last = lines.find((line) => line["path"] === inTar("workspace/latest"));
  const empty = lines.find((line) => line["path"] === inTar("sessions/empty"));
  return claimed(({ entries, files, tarBytes }) => ({
    entries: (entries ?? 0) + 1,
    files: (files ?? 0) + 1,
    tarBytes: (tarBytes ?? 0) + 512,
  }))(
    segmentLine("pack", (line) => ({ ...line, raw: Number(line["raw"]) + 512 }))(
      lines.flatMap((line) =>
        line === last
          ? [line, { ...empty, path: inTar("workspace/ghost"), offset: Number(line["offset"]) + 512 }]
          : [line],
      ),
    ),
  );
}
