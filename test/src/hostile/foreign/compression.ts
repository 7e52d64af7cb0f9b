/** Compressed streams that are broken, cut, continued or too demanding; things that are no archives. */
import { gzipSync } from "node:zlib";
import { FrameCompressor, tarOf } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, file, honest, root } from "./build.js";

/** Content that does not shrink, so that a cut at half the bytes is a cut within it. */
const noise = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i * 31 + (i >> 3) * 17) & 0xff));
const tar = tarOf(honest, file("noise", noise), file("behind", "x"));
const gzip = gzipSync(tar);
const zstd = new FrameCompressor(3).compress(tar);

const BROKEN = "compression";
const BEHIND = `${root}/behind`;

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

function noArchive(id: string, title: string, bytes: Buffer): HostileCase {
  return {
    id,
    title,
    origin: "idea",
    archive: () => bytes,
    expected: { code: "ARCHIVE_UNKNOWN_FORMAT", rule: "first bytes" },
  };
}

/** A frame header with the given descriptor and fields, then one raw block of "x" (RFC 8878, section 3.1.1). */
function rawFrame(descriptor: number, ...fields: readonly number[]): Buffer {
  const LAST_RAW_BLOCK_OF_ONE = [0x09, 0x00, 0x00];
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...fields, ...LAST_RAW_BLOCK_OF_ONE, 0x78]);
}

export const compressionCases: readonly HostileCase[] = [
  damaged("gzip-cut", "gzip that is cut off", "idea", [BROKEN, `${root}/noise`], () =>
    gzip.subarray(0, gzip.length >> 1),
  ),
  damaged("gzip-cut-in-trailer", "gzip without the last byte of its length", "idea", [BROKEN, BEHIND], () =>
    gzip.subarray(0, gzip.length - 1),
  ),
  damaged("gzip-wrong-checksum", "gzip whose checksum is another's", "idea", [BROKEN], () =>
    changed(gzip, gzip.length - 8),
  ),
  damaged("gzip-wrong-length", "gzip whose length is another's", "idea", [BROKEN], () =>
    changed(gzip, gzip.length - 4),
  ),
  damaged("gzip-garbage-behind", "gzip with something behind it that is no padding", "idea", [BROKEN], () =>
    Buffer.concat([gzip, Buffer.from("garbage")]),
  ),
  damaged(
    "gzip-garbage-behind-zeros",
    "gzip with zeros and then something behind it",
    "idea",
    [BROKEN, BEHIND],
    () => Buffer.concat([gzip, Buffer.alloc(10_240), Buffer.from("garbage")]),
  ),
  damaged(
    "gzip-second-archive",
    "a second gzip member that holds another tar",
    "idea: concatenated archives",
    ["data behind the end", BEHIND],
    () => Buffer.concat([gzip, gzipSync(tarOf(file("hidden")))]),
  ),
  damaged("gzip-in-gzip", "a .tar.gz within gzip", "idea", ["header checksum"], () => gzipSync(gzip)),
  damaged("zstd-cut", "zstd that is cut off", "idea", [BROKEN], () => zstd.subarray(0, zstd.length >> 1)),
  damaged(
    "zstd-cut-in-checksum",
    "zstd without the last byte of its checksum",
    "idea",
    [BROKEN, BEHIND],
    () => zstd.subarray(0, zstd.length - 1),
  ),
  damaged("zstd-wrong-checksum", "zstd whose checksum is another's", "idea", [BROKEN], () =>
    changed(zstd, zstd.length - 1),
  ),
  damaged("zstd-garbage-behind", "zstd with something behind it", "idea", [BROKEN, BEHIND], () =>
    Buffer.concat([zstd, Buffer.from("garbage")]),
  ),
  damaged(
    "zstd-second-archive",
    "a second zstd frame that holds another tar",
    "idea: concatenated archives",
    ["data behind the end", BEHIND],
    () => Buffer.concat([zstd, new FrameCompressor(3).compress(tarOf(file("hidden")))]),
  ),
  damaged(
    "zstd-cut-skippable",
    "a skippable frame that claims 4 GB and is cut off",
    "idea",
    [BROKEN, BEHIND],
    () => Buffer.concat([zstd, Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 0x00])]),
  ),
  damaged("zstd-dictionary", "a frame that wants a dictionary", "idea", [BROKEN], () =>
    rawFrame(0x01, 0x38, 0x2a),
  ),
  damaged("zstd-reserved-bit", "a frame with a bit that is reserved", "idea", [BROKEN], () =>
    rawFrame(0x08, 0x38),
  ),
  damaged("zstd-reserved-block", "a frame with a block type that is reserved", "idea", [BROKEN], () =>
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, 0x0f, 0x00, 0x00, 0x78]),
  ),
  {
    id: "zstd-window-of-2-gigabytes",
    title: "a frame that wants a window of 2 GB of memory (windowLog 31)",
    origin: "idea",
    archive: () => rawFrame(0x00, (31 - 10) << 3),
    expected: { code: "LIMIT_EXCEEDED", rule: "zstd window" },
  },
  {
    id: "zstd-window-after-an-entry",
    title: "a frame with a window of 2 GB behind good ones",
    origin: "idea",
    archive: () => Buffer.concat([zstd, rawFrame(0x00, (31 - 10) << 3)]),
    expected: { code: "LIMIT_EXCEEDED", rule: "zstd window", entry: BEHIND },
  },
  noArchive("no-archive-empty", "nothing at all", Buffer.alloc(0)),
  noArchive("no-archive-zeros", "only zeros", Buffer.alloc(10_240)),
  noArchive("no-archive-text", "a text", Buffer.from("This is no archive.\n".repeat(100))),
  noArchive(
    "no-archive-xz",
    "an xz file, which is not supported",
    Buffer.from("\xfd7zXZ\0 and so on".padEnd(600), "latin1"),
  ),
  noArchive("no-archive-zip", "a zip file", Buffer.from("PK\x03\x04".padEnd(600), "latin1")),
];
