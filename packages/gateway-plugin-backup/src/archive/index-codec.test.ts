import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { BackupError } from "../errors.js";
import { DEFAULT_LIMITS } from "./format.js";
import type { EntryRecord, IndexHeader } from "./format.js";
import { beginsLikeIndex, readIndex } from "./index-codec.js";
import { rawPath } from "./raw-path.js";
import {
  directoryEntry,
  fileEntry,
  indexPayload,
  indexWriter,
  sampleIndex,
  symlinkEntry,
} from "./testing/arbitraries.js";
import { FrameCompressor, frameSize } from "./zstd.js";

const compressor = new FrameCompressor(1);
const sha = "a".repeat(64);
const entry: Omit<EntryRecord, "segment" | "offset"> = {
  path: rawPath("tenants/acme/a"),
  type: "file",
  mode: 0o600,
  size: 10,
  mtimeNs: 1_772_848_800_123_456_789n,
  sha256: sha,
  flags: [],
};
const root: typeof entry = {
  path: rawPath("tenants/acme"),
  type: "directory",
  mode: 0o700,
  size: 0,
  mtimeNs: -1n,
  flags: [],
};
const large = { ...entry, path: rawPath("tenants/acme/large"), size: 5_000_000 };
const sample = sampleIndex({ packs: [[entry]], large: [large], directories: [root] });

/** A payload as a hostile or broken writer would make it. */
function payloadOf(lines: readonly unknown[]): Buffer {
  const [first, ...rest] = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  const frames = [`${first ?? ""}\n`, rest.map((line) => `${line}\n`).join("")].filter((text) => text !== "");
  return Buffer.concat(frames.map((text) => compressor.compress(Buffer.from(text))));
}

/** The sample's lines as objects: header, pack, entry, head, 3 pieces, entry, dirs, entry, end. */
const lines = (): Record<string, unknown>[] => {
  const { header, segments, entries } = sample;
  const segment = (i: number): Record<string, unknown> => {
    const { kind, ...rest } = segments[i] ?? assert.fail();
    return { kind: "segment", type: kind, ...rest };
  };
  const line = (i: number): Record<string, unknown> => {
    const { mtimeNs, flags, ...rest } = entries[i] ?? assert.fail();
    return { kind: "entry", ...rest, mtime: String(mtimeNs), ...(flags.length > 0 && { flags }) };
  };
  return [
    { kind: "header", ...header },
    ...[
      segment(0),
      line(0),
      segment(1),
      segment(2),
      segment(3),
      segment(4),
      line(1),
      segment(5),
      line(2),
      segment(6),
    ],
  ];
};

const read = (payload: Uint8Array, limits = DEFAULT_LIMITS): unknown[] => [...readIndex(payload, limits)];
const expectedOf = ({ header, segments, entries }: typeof sample): unknown => ({ header, segments, entries });
const collect = (payload: Uint8Array): unknown => {
  const [first, ...rest] = readIndex(payload, DEFAULT_LIMITS);
  return {
    header: first?.kind === "header" ? first.header : undefined,
    segments: rest.flatMap((line) => (line.kind === "segment" ? [line.segment] : [])),
    entries: rest.flatMap((line) => (line.kind === "entry" ? [line.entry] : [])),
  };
};

t.test("an index survives, whatever the names, times and flags", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.oneof(fileEntry, symlinkEntry), { maxLength: 4 }), { maxLength: 4 }),
        fc.array(fileEntry, { maxLength: 3 }),
        fc.array(directoryEntry, { maxLength: 4 }),
        (packs, large, directories) => {
          const index = sampleIndex({ packs, large, directories });
          assert.deepEqual(collect(index.payload), expectedOf(index));
        },
      ),
      { numRuns: 60 },
    ),
  );
  t.end();
});

t.test("lines are numbered, and the header comes first", (t) => {
  t.strictSame(
    read(sample.payload).map((line) => {
      const { kind, number } = line as { kind: string; number?: number };
      return number === undefined ? kind : `${kind} ${number}`;
    }),
    [
      "header",
      "segment 0",
      "entry 0",
      "segment 1",
      "segment 2",
      "segment 3",
      "segment 4",
      "entry 1",
      "segment 5",
      "entry 2",
      "segment 6",
    ],
  );
  t.end();
});

t.test("equal archives have equal indexes, and the lines are those of the specification", (t) => {
  const again = sampleIndex({ packs: [[entry]], large: [large], directories: [root] });
  t.strictSame(again.payload, sample.payload);
  t.strictSame(collect(payloadOf(lines())), expectedOf(sample));
  t.end();
});

t.test("members that a later producer adds are ignored, and so are its flags", (t) => {
  const extended: Record<string, unknown>[] = lines().map((line) => ({ ...line, later: { any: ["thing"] } }));
  extended[2] = { ...extended[2], flags: ["from-the-future"] };
  t.strictSame(collect(payloadOf(extended)), expectedOf(sample));
  t.end();
});

t.test("a later format version is said to be too new, whatever else it holds", (t) => {
  t.throws(() => read(payloadOf([{ kind: "header", format: 2 }, "?"])), {
    code: "ARCHIVE_TOO_NEW",
    exitCode: 7,
    message: "The archive's index: line 1 is of format version 2.",
  });
  t.end();
});

t.test("a line that two readers could read differently is refused", (t) => {
  const texts = lines().map((line) => JSON.stringify(line));
  const changed = (change: (line: string) => string): Buffer =>
    payloadOf(texts.map((text, i) => (i === 2 ? change(text) : text)));
  const compact = /line 3 is not compact JSON, or has a member twice/;
  for (const change of [
    (line: string) => line.replace("{", '{"path":"other",'),
    (line: string) => line.replace("{", '{"p\\u0061th":"other",'),
    (line: string) => line.replace(",", ", "),
    (line: string) => `${line}\r`,
    (line: string) => line.replace('"size":10', '"size":1e1'),
  ])
    t.throws(() => read(changed(change)), { code: "ARCHIVE_DAMAGED", message: compact });
  const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
  t.throws(() => read(changed((line) => line.replace("{", `{"x":${deep},`))), {
    message: /line 3 is nested too deeply/,
    details: { rule: "index line" },
  });
  t.end();
});

t.test("the header has a frame of its own", (t) => {
  const together = compressor.compress(
    Buffer.from(
      lines()
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
    ),
  );
  t.throws(() => read(together), { message: /line 1 shares its frame with other lines/ });
  t.end();
});

t.test("what begins as an index does is known without the rest", (t) => {
  t.equal(beginsLikeIndex(sample.payload), true);
  t.equal(beginsLikeIndex(sample.payload.subarray(0, frameSize(sample.payload).stored - 4)), true);
  t.equal(beginsLikeIndex(compressor.compress(Buffer.from("a note of another tool"))), false);
  t.equal(beginsLikeIndex(Buffer.from("a note")), false);
  t.end();
});

t.test("a header that claims more than the limits is refused before any entry is read", (t) => {
  t.throws(() => read(sample.payload, { ...DEFAULT_LIMITS, entries: 2 }), {
    code: "LIMIT_EXCEEDED",
    message: "The archive holds 3 entries; the limit is 2.",
  });
  t.throws(() => read(sample.payload, { ...DEFAULT_LIMITS, bytes: 5_000_009 }), {
    code: "LIMIT_EXCEEDED",
    message: "The archive holds 5000010 bytes; the limit is 5000009.",
  });
  t.end();
});

t.test("warnings hold no control characters, whoever wrote them", (t) => {
  const [header, ...rest] = lines();
  const warnings = [{ code: "LATER_CODE", path: "a\x1b[2J", message: "line\nbreak é" }];
  const [first] = readIndex(payloadOf([{ ...header, warnings }, ...rest]), DEFAULT_LIMITS);
  t.match(first, {
    header: { warnings: [{ code: "LATER_CODE", path: "a\\x1b[2J", message: "line\\x0abreak é" }] },
  });
  t.end();
});

t.test("an index of many lines is made of several frames", (t) => {
  const packs = Array.from({ length: 3 }, (_, pack) =>
    Array.from({ length: 1000 }, (_, i) => ({
      ...entry,
      path: rawPath(`tenants/acme/p${pack}-${i}`),
      size: 0,
    })),
  );
  const index = sampleIndex({ packs, large: [], directories: [root] });
  let frames = 0;
  for (let at = 0; at < index.payload.length; at += frameSize(index.payload.subarray(at)).stored) frames++;
  t.equal(frames, 4, "the header's, and three of 256 KiB of lines");
  t.strictSame(collect(index.payload), expectedOf(index));
  t.end();
});

t.test("more warnings than a header can hold are counted in one", (t) => {
  const writer = indexWriter();
  writer.addSegment({ kind: "end", offset: 0, stored: 20, raw: 1024, sha256: sha });
  const warning = {
    code: "SPECIAL_FILE",
    path: "\n".repeat(1000),
    message: "A socket is left out.",
  } as const;
  const header: IndexHeader = {
    ...sample.header,
    totals: writer.totals,
    warnings: new Array<typeof warning>(2000).fill(warning),
  };
  const [first] = readIndex(indexPayload(writer, header), DEFAULT_LIMITS);
  const read = first?.kind === "header" ? first.header.warnings : [];
  t.ok(read.length > 800 && read.length < 2000);
  t.strictSame(read.at(-1), {
    code: "WARNINGS_OMITTED",
    path: "",
    message: `${2000 - (read.length - 1)} more warnings are not listed in the archive.`,
  });
  t.end();
});

/** Line number (from 1), what becomes of that line, and what is said of it. */
const brokenLines: readonly (readonly [number, Record<string, unknown>, string])[] = [
  [1, { kind: "segment" }, "has an unknown type"],
  [1, { kind: "entry" }, "has no path"],
  [1, { format: 0 }, "is of the unknown format version 0"],
  [1, { format: "1" }, "has no valid format"],
  [1, { tenant: "a\nb" }, "has no valid tenant"],
  [1, { uid: "" }, "has no valid uid"],
  [1, { root: "tenants/../etc" }, "has an unsafe root (.. component)"],
  [1, { root: "/etc" }, "has an unsafe root (absolute path)"],
  [1, { createdAt: "yesterday" }, "has no valid createdAt"],
  [1, { createdAt: "2026-13-01T00:00:00Z" }, "has no valid createdAt"],
  [1, { totals: null }, "has no totals"],
  [1, { totals: { entries: -1 } }, "has no valid entries"],
  [1, { warnings: {} }, "has no list of warnings"],
  [1, { warnings: [1] }, "has a warning that is no object"],
  [1, { warnings: [{ code: "X", path: 1, message: "" }] }, "has a warning without path or message"],
  [1, { warnings: [{ code: "x y", path: "", message: "" }] }, "has no valid code"],
  [2, { kind: "header" }, "has no valid format"],
  [2, { kind: "footer" }, "is of an unknown kind"],
  [2, { type: "heap" }, "has an unknown type"],
  [2, { offset: 1 }, "puts a segment at byte 1 where 0 is next"],
  [2, { stored: 0 }, "has an empty frame"],
  [2, { raw: 2 ** 24 }, "has a segment of 16777216 raw bytes"],
  [2, { raw: 1024.5 }, "has no valid raw"],
  [2, { sha256: sha.toUpperCase() }, "has no valid sha256"],
  [2, { type: "end", raw: 1023 }, "ends the tar with 1023 bytes instead of 1024"],
  [2, { type: "piece" }, "has a piece without a head"],
  [3, { path: undefined }, "has no path"],
  [3, { path: 7 }, "has a path that is no string"],
  [3, { path: "\ud800" }, "has a path that is not Unicode"],
  [3, { path64: "/w==" }, "has both path and path64"],
  [3, { path: undefined, path64: 7 }, "has a path64 that is no string"],
  [3, { path: undefined, path64: "/x==" }, "has a path64 that is not canonical base64"],
  [3, { path: undefined, path64: "/w" }, "has a path64 that is not canonical base64"],
  [3, { path: undefined, path64: "YQ==" }, "has a path64 that is UTF-8 and belongs in path"],
  [3, { type: "fifo" }, "has an unknown type"],
  [3, { mode: 0o4755 }, "has a mode beyond 0777"],
  [3, { mode: -1 }, "has no valid mode"],
  [3, { size: 2 ** 53 }, "has no valid size"],
  [3, { size: 513 }, "reaches beyond its segment"],
  [3, { mtime: 5 }, "has no valid mtime"],
  [3, { mtime: "-0" }, "has no valid mtime"],
  [3, { mtime: "01" }, "has no valid mtime"],
  [3, { mtime: "1".repeat(31) }, "has no valid mtime"],
  [3, { sha256: undefined }, "has no valid sha256"],
  [3, { target: "b" }, "has a target, but is a file"],
  [3, { type: "symlink", sha256: undefined, size: 0 }, "has no target"],
  [3, { type: "symlink", sha256: undefined, target: "b" }, "has a size, but is a symlink"],
  [3, { type: "symlink", target: "b", size: 0 }, "has a sha256, but is a symlink"],
  [3, { type: "directory", sha256: undefined, size: 0 }, "has a directory in a segment of kind pack"],
  [3, { segment: 1 }, "belongs to another segment than the one before it"],
  [3, { offset: 512 }, "begins at byte 512 of its segment where 0 is next"],
  [3, { flags: "database" }, "has flags that are no list of strings"],
  [3, { flags: [1] }, "has flags that are no list of strings"],
  [3, { flags: ["changed", "changed"] }, "has a flag twice"],
  [10, { flags: ["changed"] }, "has a flag of files, but is a directory"],
  [3, { path: `tenants/acme/${"n".repeat(70_000)}` }, "is too long"],
  [8, { size: 4_999_000 }, "does not fill its head and pieces"],
  [9, { type: "pack" }, "has a directory in a segment of kind pack"],
];

for (const [number, change, message] of brokenLines)
  t.test(`an index is damaged when line ${number} ${message} (${Object.keys(change).join(", ")})`, (t) => {
    const broken = lines();
    broken[number - 1] = { ...broken[number - 1], ...change };
    const at = message.startsWith("has a directory") && number === 9 ? 10 : number;
    t.throws(() => read(payloadOf(broken)), {
      code: "ARCHIVE_DAMAGED",
      exitCode: 7,
      message: `The archive's index: line ${at}${"path" in change || "path64" in change ? "" : naming(broken[at - 1])} ${message}.`,
    });
    t.end();
  });

/** What becomes of the lines, the line that is complained of, and how. */
const brokenOrders: readonly (readonly [
  string,
  (lines: Record<string, unknown>[]) => unknown[],
  number,
  string,
])[] = [
  ["it is empty", () => [""], 1, "is not JSON"],
  ["a line is no object", () => ["[]"], 1, "is not a JSON object"],
  ["it begins with a segment", ([, ...rest]) => rest, 1, "is no header"],
  ["it has two headers", ([header, ...rest]) => [header, header, ...rest], 2, "is a second header"],
  ["the end is missing", (all) => all.slice(0, -1), 10, "is the last, but the tar has no end"],
  [
    "entries are missing",
    (all) => all.filter((_, i) => i !== 2),
    3,
    "follows segment 0, which its entries do not fill",
  ],
  ["pieces come behind their entry", (all) => swap(all, 6, 7), 7, "does not fill its head and pieces"],
  [
    "files come behind directories",
    (all) => [...all.slice(0, -1), { ...all[1], offset: offsetOf(all[10]) }],
    11,
    "has files behind the directories",
  ],
  [
    "a piece comes behind its file's entry",
    (all) => {
      const last = Number(all[6]?.["stored"]);
      const first = Number(all[4]?.["offset"]) + Number(all[4]?.["stored"]);
      const shrunk = { ...all[7], size: 4_000_000 };
      const piece = { ...all[4], raw: 4_000_256 };
      return [...all.slice(0, 4), piece, shrunk, { ...all[5], offset: first, stored: last }];
    },
    7,
    "has a piece behind its file's entry",
  ],
  [
    "an entry comes behind the end",
    (all) => [...all, { ...all[2], segment: 6, offset: 0 }],
    12,
    "is an entry behind the end",
  ],
  [
    "something comes behind the end",
    (all) => [...all, { ...all[10], offset: offsetOf(all[10]) + Number(all[10]?.["stored"]) }],
    12,
    "has a segment behind the end",
  ],
  [
    "it has fewer entries than claimed",
    (all) => claim(all, { entries: 4 }),
    11,
    "is the last, but the header claims entries of 4 and the lines give 3",
  ],
  [
    "it has more entries than claimed",
    (all) => claim(all, { entries: 2 }),
    10,
    "is one entry more than the header claims",
  ],
  [
    "it has more segments than claimed",
    (all) => claim(all, { segments: 6 }),
    11,
    "is one segment more than the header claims",
  ],
  [
    "it has less content than claimed",
    (all) => claim(all, { contentBytes: 1 }),
    11,
    "is the last, but the header claims contentBytes of 1 and the lines give 5000010",
  ],
];

for (const [when, change, number, message] of brokenOrders)
  t.test(`an index is damaged when ${when}`, (t) => {
    const broken = change(lines());
    const named = message.startsWith("is the last") ? "" : naming(broken[number - 1]);
    t.throws(() => read(payloadOf(broken)), {
      code: "ARCHIVE_DAMAGED",
      message: `The archive's index: line ${number}${named} ${message}.`,
    });
    t.end();
  });

t.test("an index is damaged when its frames do not hold whole lines of UTF-8", (t) => {
  const damaged = { code: "ARCHIVE_DAMAGED" };
  t.throws(() => read(Buffer.alloc(0)), damaged, "nothing at all");
  t.throws(() => read(compressor.compress(Buffer.alloc(0))), damaged, "an empty frame");
  t.throws(() => read(compressor.compress(Buffer.from(JSON.stringify(lines()[0])))), damaged, "no line feed");
  t.throws(() => read(compressor.compress(Buffer.from([0x22, 0xff, 0x22, 0x0a]))), damaged, "not UTF-8");
  t.throws(() => read(Buffer.concat([sample.payload, Buffer.of(0)])), damaged, "bytes behind the frames");
  t.throws(() => read(sample.payload.subarray(0, -1)), damaged, "cut off");
  t.throws(
    () => read(compressor.compress(Buffer.alloc(9_000_000, 0x20))),
    damaged,
    "a frame larger than allowed",
  );
  t.end();
});

t.test("a flipped bit in an index is damage, or means nothing", (t) => {
  const expected = expectedOf(sample);
  for (let bit = 0; bit < sample.payload.length * 8; bit++) {
    const flipped = Buffer.from(sample.payload);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      assert.deepEqual(collect(flipped), expected);
    } catch (error) {
      assert.ok(error instanceof BackupError && error.code === "ARCHIVE_DAMAGED", String(error));
    }
  }
  t.pass("every bit was flipped");
  t.end();
});

t.test("a writer that is given lines in an impossible order says so at once", (t) => {
  const writer = indexWriter();
  t.throws(() => writer.addEntry({ ...entry, segment: 0, offset: 0 }), /belongs to another segment/);
  writer.addSegment({ kind: "pack", offset: 0, stored: 100, raw: 1024, sha256: sha });
  t.throws(() => writer.finish(sample.header), /follows segment 0, which its entries do not fill/);
  t.end();
});

/** How a message names the entry of a line. */
function naming(line: unknown): string {
  const { kind, path } = Object(line) as { readonly kind?: unknown; readonly path?: unknown };
  return kind === "entry" && typeof path === "string" ? ` (entry "${path}")` : "";
}

function swap<T>(list: readonly T[], a: number, b: number): T[] {
  const copy = [...list];
  copy.splice(a, 1, ...list.slice(b, b + 1));
  copy.splice(b, 1, ...list.slice(a, a + 1));
  return copy;
}

function offsetOf(line: Record<string, unknown> | undefined): number {
  return Number(line?.["offset"]);
}

function claim(all: Record<string, unknown>[], totals: Record<string, number>): unknown[] {
  const [header, ...rest] = all;
  return [{ ...header, totals: { ...sample.header.totals, ...totals } }, ...rest];
}
