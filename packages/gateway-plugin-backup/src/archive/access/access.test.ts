import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { DEFAULT_LIMITS } from "../format.js";
import { rawPath, type RawPath } from "../raw-path.js";
import type { ArchiveSource } from "../source.js";
import { UNLIMITED_SPACE } from "../space.js";
import {
  buildArchive,
  sampleEntries,
  type BuildOptions,
  type DraftSegment,
} from "../testing/archive-builder.js";
import { memorySource } from "../testing/memory-source.js";
import { TreeReceiver } from "../tree-receiver.js";
import { discardingSink } from "../tree-sink.js";
import { liveEntries } from "./compared-entries.js";
import { entryView } from "./entry-view.js";
import { findFile, readFile } from "./file-in-archive.js";
import { openForAccess } from "./open-for-access.js";
import { namedPath, pathGlobs } from "./path-globs.js";
import { extractSelection, selectEntries } from "./selected-entries.js";

/** Opens an archive by its last `tailBytes`. */
async function opened(bytes: Buffer, tailBytes = bytes.length, source: ArchiveSource = memorySource(bytes)) {
  const tail = bytes.subarray(Math.max(bytes.length - tailBytes, 0));
  return { source, index: await openForAccess(source, DEFAULT_LIMITS, tail) };
}

async function content(bytes: Buffer, path: string, source?: ArchiveSource): Promise<Buffer> {
  const archive = await opened(bytes, bytes.length, source);
  const file = findFile(archive.source, archive.index, namedPath(path));
  const chunks: Buffer[] = [];
  for await (const chunk of readFile(archive.source, file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads what matches as a restore of paths does. */
async function selected(bytes: Buffer, ...globs: string[]) {
  const { source, index } = await opened(bytes);
  const selection = selectEntries(index, pathGlobs(globs), DEFAULT_LIMITS);
  const receiver = new TreeReceiver(discardingSink, { subject: "Archive", space: UNLIMITED_SPACE });
  await extractSelection(source, index, selection, DEFAULT_LIMITS, receiver, () => undefined);
  return { selection, totals: receiver.totals };
}

const segmentOf = (segments: readonly DraftSegment[], kind: DraftSegment["kind"]): DraftSegment => {
  const found = segments.find((segment) => segment.kind === kind);
  if (found === undefined) throw new Error(`There is no ${kind}.`);
  return found;
};

/** Archives whose segments have the hashes that the index says, and other things in them than it says. */
const lies: readonly [rule: string, path: string, options: BuildOptions][] = [
  ["tar header", "sessions/a.jsonl", { draft: (all) => void (segmentOf(all, "pack").raw[5] = 0x41) }],
  ["content hash", "sessions/a.jsonl", { draft: (all) => void (segmentOf(all, "pack").raw[512] = 0x41) }],
  ["padding", "sessions/a.jsonl", { draft: (all) => void (segmentOf(all, "pack").raw[1023] = 0x41) }],
  ["tar header", "workspace/large.bin", { draft: (all) => void (segmentOf(all, "head").raw[5] = 0x41) }],
  ["content hash", "workspace/large.bin", { draft: (all) => void (segmentOf(all, "piece").raw[5] = 0x41) }],
  [
    "padding",
    "workspace/large.bin",
    {
      draft: (all) => {
        const { raw } = segmentOf(all, "piece");
        raw[raw.length - 1] = 0x41;
      },
    },
  ],
];

await t.test(
  "a file is refused where a restore refuses it, by cat and by a restore of its path",
  async (t) => {
    for (const [rule, path, options] of lies) {
      const bytes = buildArchive(sampleEntries(), options);
      const expected = { code: "ARCHIVE_DAMAGED", details: { rule } };
      await t.rejects(content(bytes, path), expected, `cat: ${rule} of ${path}`);
      await t.rejects(selected(bytes, path), expected, `restore: ${rule} of ${path}`);
    }
  },
);

await t.test("a segment that is not what the index says is refused", async (t) => {
  const bytes = buildArchive(sampleEntries(), {
    lines: (lines) =>
      lines.map((line) => (line["type"] === "pack" ? { ...line, sha256: "0".repeat(64) } : line)),
  });
  await t.rejects(content(bytes, "sessions/a.jsonl"), {
    code: "ARCHIVE_DAMAGED",
    details: { rule: "segment hash" },
  });
});

await t.test("a source that ends too early has not given the file", async (t) => {
  const bytes = buildArchive(sampleEntries());
  const honest = memorySource(bytes);
  const short: ArchiveSource = { ...honest, read: (start, end) => honest.read(start, end - 1) };
  await t.rejects(content(bytes, "sessions/a.jsonl", short), {
    code: "ARCHIVE_DAMAGED",
    message: /ends within segment 0/,
  });
});

await t.test("pieces of any size make up their file", async (t) => {
  const wanted = randomBytes(5000);
  for (const pieceBytes of [512, 4608, 5120]) {
    const bytes = buildArchive([{ path: "a", content: wanted }], { pieceBytes, largeBytes: 1000 });
    t.ok((await content(bytes, "a")).equals(wanted));
    t.match(await selected(bytes, "a"), { totals: { files: 1, contentBytes: 5000 } });
  }
});

await t.test("an index that does not fit the tail is fetched by one more range", async (t) => {
  const entries = Array.from({ length: 300 }, () => ({
    path: randomBytes(100).toString("hex"),
    content: "",
  }));
  const bytes = buildArchive(entries);
  const ranges: number[] = [];
  const source: ArchiveSource = {
    ...memorySource(bytes),
    read: (start, end) => {
      ranges.push(end - start);
      return memorySource(bytes).read(start, end);
    },
  };
  const { index } = await opened(bytes, 2000, source);
  t.equal(index.header.totals.files, 300);
  t.equal(ranges.length, 1);
});

await t.test("only the segments that are wanted are read, those side by side by one range", async (t) => {
  const large = (path: string): { path: string; content: Buffer } => ({ path, content: randomBytes(3000) });
  const bytes = buildArchive([{ path: "small", content: "s" }, large("a/1"), large("a/2"), large("b")], {
    largeBytes: 1000,
    pieceBytes: 1024,
  });
  const one = await selected(bytes, "a/1");
  t.same(
    one.selection.runs.map((run) => run.map(({ segment }) => segment.kind)),
    [["head", "piece", "piece", "piece"], ["dirs"]],
  );
  t.match(one.totals, { files: 1, directories: 1 }, "with the directory on its way");
  t.match(one.selection.totals, { files: 1, directories: 0 });
  t.equal((await selected(bytes, "a")).selection.runs.length, 2);
  t.equal((await selected(bytes, "**")).selection.runs.length, 1);
});

await t.test("names that are not UTF-8, and flags, stand in an entry's view", (t) => {
  const entry = {
    path: "tenants/acme/caf\xe9" as RawPath,
    type: "symlink" as const,
    mode: 0o777,
    size: 0,
    mtimeNs: -5n,
    target: "\xff" as RawPath,
    segment: 0,
    offset: 0,
    flags: ["changed"] as const,
  };
  t.same(entryView(entry, "tenants/acme"), {
    path64: "Y2Fm6Q==",
    type: "symlink",
    mode: 0o777,
    size: 0,
    mtimeNs: "-5",
    target64: "/w==",
    flags: ["changed"],
  });
  t.end();
});

await t.test("a name with glob characters matches as it stands", (t) => {
  const matches = pathGlobs(["notes[1].md", "caf\u00e9/*"]);
  for (const [path, is] of [
    ["notes[1].md", true],
    ["notes1.md", true],
    ["notes2.md", false],
    ["caf\u00e9/.hidden/below", true],
    ["caf\u00e9", false],
    ["", false],
  ] as const)
    t.equal(matches(rawPath(path)), is, path);
  for (const bad of ["", "/", "..", "a//b", "a/../b", "./"])
    t.throws(() => pathGlobs([bad]), { code: "REQUEST_INVALID" });
  t.end();
});

await t.test("a file that vanishes while the tenant is looked at is not there", (t) => {
  const directory = join(t.testdir(), "acme");
  mkdirSync(directory);
  writeFileSync(join(directory, "a"), "");
  writeFileSync(join(directory, "b"), "");
  const source = {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
  };
  const seen: string[] = [];
  for (const { path } of liveEntries(source, () => true)) {
    seen.push(path);
    if (path === "a") rmSync(join(directory, "b"));
  }
  t.same(seen, ["", "a"]);
  t.end();
});
