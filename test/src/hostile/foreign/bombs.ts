/** Small archives that want much: bytes, entries, memory or time. */
import {
  FrameCompressor,
  gnuLongPart,
  paxPart,
  skippableFrame,
  tarOf,
  tarPart,
} from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, directory, file, hardlink, honest, type Part, root, UP_TO_OUTSIDE } from "./build.js";

const MIB = 1024 * 1024;

function limit(
  id: string,
  title: string,
  [rule, entry]: readonly [string, string?],
  archive: () => Buffer,
): HostileCase {
  const at = entry === undefined ? {} : { entry };
  return {
    id,
    title,
    origin: "entry policy: limits",
    archive,
    expected: { code: "LIMIT_EXCEEDED", rule, ...at },
  };
}

/** Any number of parts as one zstd archive; the frames are as large as the writer's. */
function zstd(...parts: readonly Part[]): Buffer {
  const tar = tarOf(...parts);
  const compressor = new FrameCompressor(1);
  const frames: Buffer[] = [];
  for (let at = 0; at < tar.length; at += 4 * MIB)
    frames.push(compressor.compress(tar.subarray(at, at + 4 * MIB)));
  return Buffer.concat(frames);
}

export const bombCases: readonly HostileCase[] = [
  limit("bomb-zstd-ratio", "a zstd frame of zeros, over and over", ["ratio", `${root}/zeros`], () => {
    const compressor = new FrameCompressor(19);
    const head = compressor.compress(tarPart(file("zeros", "", { size: 120 * MIB })));
    const zeros = compressor.compress(Buffer.alloc(8 * MIB));
    return Buffer.concat([head, ...Array.from({ length: 14 }, () => zeros)]);
  }),
  limit(
    "bomb-zstd-long-runs",
    "one zstd block that is one byte, repeated: no smaller bomb can be made",
    ["ratio", `${root}/zeros`],
    () => {
      const head = new FrameCompressor(3).compress(tarPart(file("zeros", "", { size: 120 * MIB })));
      return Buffer.concat([head, runLengthFrame(900)]);
    },
  ),
  limit(
    "bomb-behind-the-end",
    "zeros behind the end of a tar, without end",
    ["ratio", `${root}/honest.txt`],
    () => Buffer.concat([new FrameCompressor(3).compress(tarOf(honest)), runLengthFrame(900)]),
  ),
  limit("bomb-entries", "more entries than are allowed", ["entries", `${root}/many/2998`], () =>
    zstd(...Array.from({ length: 3_500 }, (_, i) => file(`many/${i}`, ""))),
  ),
  limit("bomb-directories-of-one-name", "one directory, over and over", ["entries", `${root}/d`], () =>
    zstd(...Array.from({ length: 3_500 }, () => directory("d"))),
  ),
  limit(
    "bomb-implied-directories",
    "a few files, each below hundreds of directories of its own",
    ["entries", `${`${root}/2/${"d/".repeat(200)}`.slice(0, 300)}…`],
    () =>
      tarOf(
        ...Array.from({ length: 5 }, (_, i) => [
          paxPart({ path: `${root}/${i}/${"d/".repeat(1000)}x` }),
          file("x"),
        ]).flat(),
      ),
  ),
  limit(
    "bomb-names",
    "thousands of names of 4 KB",
    ["bytes of names", `${`${root}/${`${"n".repeat(250)}/`.repeat(2)}`.slice(0, 300)}…`],
    () =>
      zstd(
        ...Array.from({ length: 400 }, (_, i) => [
          gnuLongPart(`${root}/${`${"n".repeat(250)}/`.repeat(16)}${i}`),
          file("x", ""),
        ]).flat(),
      ),
  ),
  limit("bomb-claimed-bytes", "a file that claims more than is allowed", ["bytes", `${root}/large`], () =>
    tarOf(honest, file("large", "", { size: 1024 * MIB })),
  ),
  limit(
    "bomb-hard-links",
    "a file with hundreds of hard links, each of which becomes a copy",
    ["bytes", `${root}/copies/7`],
    () =>
      zstd(
        file("a", Buffer.alloc(16 * MIB)),
        ...Array.from({ length: 200 }, (_, i) => hardlink(`copies/${i}`, `${root}/a`)),
      ),
  ),
  damaged(
    "bomb-global-headers",
    "thousands of global headers, each with keys of its own to be kept, and then no end",
    "idea: memory that grows with headers",
    ["cut off"],
    () =>
      Buffer.concat(Array.from({ length: 4000 }, (_, i) => paxPart({ [`key.${i}`]: "v".repeat(400) }, "g"))),
  ),
  damaged(
    "bomb-pax-records",
    "a pax header of a hundred thousand records, and then one that is malformed",
    "idea: memory that grows with records",
    ["pax records", `${root}/honest.txt`],
    () => tarOf(honest, tarPart({ typeFlag: "x", content: `${"9 k=vvvv\n".repeat(100_000)}x` }), file("a")),
  ),
  {
    id: "bomb-skippable-frames",
    title: "three hundred thousand empty skippable frames before the archive",
    origin: "idea: time that grows with frames",
    archive: () => {
      const frame = skippableFrame(0x184d2a50, new Uint8Array(0));
      const flood = Buffer.alloc(300_000 * frame.length, frame);
      return Buffer.concat([flood, zstd(honest, file(`${UP_TO_OUTSIDE}/file`))]);
    },
    expected: { code: "UNSAFE_ENTRY", rule: ".. component", entry: `${root}/${UP_TO_OUTSIDE}/file` },
  },
  {
    id: "bomb-empty-frames",
    title: "hundreds of thousands of empty zstd frames before the archive",
    origin: "idea: time that grows with frames",
    archive: () => {
      const frame = new FrameCompressor(1).compress(new Uint8Array(0));
      return Buffer.concat([
        Buffer.alloc(200_000 * frame.length, frame),
        zstd(honest, file(`${UP_TO_OUTSIDE}/file`)),
      ]);
    },
    expected: { code: "UNSAFE_ENTRY", rule: ".. component", entry: `${root}/${UP_TO_OUTSIDE}/file` },
  },
];

/**
 * A zstd frame of run-length blocks: four bytes for 128 KiB of zeros (RFC 8878, section 3.1.1.2). `blocks` of them,
 * without content size and checksum, window of 128 KiB.
 */
function runLengthFrame(blocks: number): Buffer {
  const RUN_LENGTH = 1;
  const BLOCK_BYTES = 128 * 1024;
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]);
  const body = Array.from({ length: blocks }, (_, i) => {
    const block = Buffer.alloc(4);
    block.writeUIntLE((BLOCK_BYTES << 3) | (RUN_LENGTH << 1) | (i === blocks - 1 ? 1 : 0), 0, 3);
    return block;
  });
  return Buffer.concat([header, ...body]);
}
