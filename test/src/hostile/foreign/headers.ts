/** Header fields that lie, tars that do not end as a tar ends, and types that are none of ours. */
import { gnuLongPart, paxPart, tarOf, tarPart } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, directory, file, hardlink, honest, root, symlink, unsafe } from "./build.js";

const ZERO_BLOCK = Buffer.alloc(512);

const fields: readonly HostileCase[] = [
  damaged("size-octal-garbage", "a size that is no number", "idea", ["size field", `${root}/a`], () =>
    tarOf(honest, file("a", "x", { patch: { 124: "7777777777x\0" } })),
  ),
  damaged(
    "size-octal-nine",
    "a size with a digit that is not octal",
    "idea",
    ["size field", `${root}/a`],
    () => tarOf(honest, file("a", "x", { patch: { 124: "00000000009\0" } })),
  ),
  damaged("size-octal-minus", "a size with a minus sign", "idea", ["size field", `${root}/a`], () =>
    tarOf(honest, file("a", "x", { patch: { 124: "-0000001000\0" } })),
  ),
  damaged(
    "size-base256-huge",
    "a size in base 256 beyond all files, which wraps around where numbers are 64 bits wide",
    "idea: integer overflow",
    ["size out of range", `${root}/a`],
    () => tarOf(honest, file("a", "x", { patch: { 124: `\x80${"\xff".repeat(11)}` } })),
  ),
  damaged(
    "size-base256-beyond-2-to-the-53",
    "a size that a double cannot hold exactly",
    "idea: JavaScript numbers",
    ["size out of range", `${root}/a`],
    () => tarOf(honest, file("a", "x", { patch: { 124: `\x80\0\0\0\0\x20${"\0".repeat(5)}\x01` } })),
  ),
  {
    id: "size-claims-terabytes",
    title: "a size that is possible, and more than is allowed",
    origin: "entry policy",
    archive: () => tarOf(honest, file("a", "x", { patch: { 124: `\x80\0\0\0\0\x0f${"\0".repeat(6)}` } })),
    expected: { code: "LIMIT_EXCEEDED", rule: "bytes", entry: `${root}/a` },
  },
  damaged(
    "size-of-a-directory",
    "a directory with a size",
    "idea: parser differential",
    ["size of a directory", `${root}/d`],
    () => tarOf(honest, directory("d", { size: 512 }), file("a")),
  ),
  damaged(
    "size-of-a-link",
    "a link with a size",
    "idea: parser differential",
    ["size of a symlink", `${root}/l`],
    () => tarOf(honest, symlink("l", "honest.txt", { size: 512 }), file("a")),
  ),
  damaged(
    "size-of-a-hard-link",
    "a hard link with a size",
    "idea: parser differential",
    ["size of a hardlink", `${root}/h`],
    () => tarOf(honest, hardlink("h", `${root}/honest.txt`, { size: 512 }), file("a")),
  ),
  damaged("mode-garbage", "a mode that is no number", "idea", ["mode field", `${root}/a`], () =>
    tarOf(honest, file("a", "x", { patch: { 100: "rwxr-xr" } })),
  ),
  damaged("mtime-garbage", "a time that is no number", "idea", ["mtime field", `${root}/a`], () =>
    tarOf(honest, file("a", "x", { patch: { 136: "now" } })),
  ),
  damaged(
    "checksum-wrong",
    "a header with one byte changed",
    "idea",
    ["header checksum", `${root}/honest.txt`],
    () => tarOf(honest, flipped(tarPart(file("a")))),
  ),
  damaged(
    "checksum-blank",
    "a header without a checksum",
    "idea",
    ["header checksum", `${root}/honest.txt`],
    () => {
      const part = tarPart(file("a"));
      part.fill(" ", 148, 156);
      return tarOf(honest, part);
    },
  ),
  damaged("checksum-first-header", "a first header with one byte changed", "idea", ["header checksum"], () =>
    tarOf(flipped(tarPart(file("a"))), file("b")),
  ),
];

const endings: readonly HostileCase[] = [
  damaged("end-missing", "a tar without its two zero blocks", "idea", ["cut off", `${root}/a`], () =>
    Buffer.concat([tarPart(honest), tarPart(file("a"))]),
  ),
  damaged("end-one-zero-block", "a tar with only one zero block", "idea", ["cut off", `${root}/a`], () =>
    Buffer.concat([tarPart(honest), tarPart(file("a")), ZERO_BLOCK]),
  ),
  damaged(
    "end-entry-behind-zero-block",
    "an entry behind one zero block, where some readers stop and some go on",
    "idea: parser differential",
    ["data behind the end", `${root}/honest.txt`],
    () => Buffer.concat([tarPart(honest), ZERO_BLOCK, tarOf(file("hidden"))]),
  ),
  damaged(
    "end-second-tar",
    "a second tar behind the first: some readers see it",
    "idea: concatenated archives",
    ["data behind the end", `${root}/honest.txt`],
    () => Buffer.concat([tarOf(honest), tarOf(file("hidden"))]),
  ),
  damaged(
    "end-garbage",
    "something behind the end",
    "idea",
    ["data behind the end", `${root}/honest.txt`],
    () => Buffer.concat([tarOf(honest), Buffer.alloc(9216), Buffer.from("garbage")]),
  ),
  damaged("end-in-header", "a tar cut off within a header", "idea", ["cut off", `${root}/honest.txt`], () =>
    Buffer.concat([tarPart(honest), tarPart(file("a")).subarray(0, 300)]),
  ),
  damaged("end-in-content", "a tar cut off within a file", "idea", ["cut off", `${root}/a`], () =>
    Buffer.concat([tarPart(honest), tarPart(file("a", "x".repeat(3000))).subarray(0, 1000)]),
  ),
  damaged(
    "end-in-pax",
    "a tar cut off within an extended header",
    "idea",
    ["cut off", `${root}/honest.txt`],
    () => Buffer.concat([tarPart(honest), paxPart({ path: `${root}/${"p".repeat(200)}` }).subarray(0, 600)]),
  ),
  damaged(
    "end-after-pax",
    "an extended header that no entry follows",
    "idea",
    ["extended header without an entry", `${root}/honest.txt`],
    () => tarOf(honest, paxPart({ path: `${root}/x` })),
  ),
  damaged(
    "end-after-long-name",
    "a GNU long name that no entry follows",
    "idea",
    ["extended header without an entry", `${root}/honest.txt`],
    () => tarOf(honest, gnuLongPart(`${root}/x`)),
  ),
];

const types: readonly HostileCase[] = [
  ...(
    [
      ["3", "character device", "a character device"],
      ["4", "block device", "a block device"],
      ["6", "FIFO", "a FIFO"],
      ["A", '"A"', "Solaris's access rules, which no other reader knows"],
      ["I", '"I"', "star's file without content"],
      ["M", '"M"', "GNU tar's continuation of another volume"],
      ["X", '"X"', "Solaris's extended header"],
      ["Z", '"Z"', "a type that nobody knows"],
      ["\x7f", '"\\x7f"', "a type that is no letter"],
    ] as const
  ).map(([typeFlag, type, what]) =>
    unsafe(
      `type-${type
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "")}`,
      what,
      "entry policy",
      [`type ${type}`, `${root}/odd`],
      () => [file("odd", "", { typeFlag })],
    ),
  ),
  unsafe(
    "type-unknown-with-content",
    "an unknown type with a tar in its content",
    "idea: parser differential",
    ['type "Q"', `${root}/odd`],
    () => [file("odd", tarOf(file("hidden")), { typeFlag: "Q" })],
  ),
  unsafe(
    "type-device-with-numbers",
    "the disk itself as a device",
    "idea",
    ["type block device", `${root}/sda`],
    () => [
      { name: `${root}/sda`, typeFlag: "4", mode: 0o666, patch: { 329: "0000010\0", 337: "0000000\0" } },
    ],
  ),
  ...(
    [
      ["0-0", { "GNU.sparse.size": "1000000000000", "GNU.sparse.numblocks": "1", "GNU.sparse.offset": "0" }],
      ["0-1", { "GNU.sparse.map": "0,1,999999999999,1", "GNU.sparse.size": "1000000000000" }],
      ["1-0", { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "../../outside/file" }],
      ["star", { "SCHILY.realsize": "1000000000000" }],
      ["solaris", { "SUN.holesdata": " 0 999999999999" }],
    ] as const
  ).map(([dialect, records]) =>
    unsafe(
      `sparse-${dialect}`,
      `a sparse file of a terabyte in the dialect ${dialect}`,
      "entry policy",
      ["type sparse file", `${root}/sparse`],
      () => [paxPart(records), file("sparse")],
    ),
  ),
  damaged(
    "label-with-content",
    "a volume label whose content is an entry to some readers",
    "idea: parser differential",
    ["label with content", `${root}/honest.txt`],
    () =>
      tarOf(
        honest,
        tarPart({ name: "label", typeFlag: "V", magic: "ustar  \0", content: tarPart(file("hidden")) }),
      ),
  ),
  damaged(
    "label-takes-the-name",
    "a long name before a volume label: is it the label's or the next entry's?",
    "idea: parser differential",
    ["extended header without an entry", `${root}/honest.txt`],
    () =>
      tarOf(
        honest,
        gnuLongPart(`${root}/name`),
        tarPart({ name: "label", typeFlag: "V", magic: "ustar  \0" }),
        file("a"),
      ),
  ),
];

export const headerCases: readonly HostileCase[] = [...fields, ...endings, ...types];

function flipped(part: Buffer): Buffer {
  part[10] = (part[10] ?? 0) ^ 1;
  return part;
}
