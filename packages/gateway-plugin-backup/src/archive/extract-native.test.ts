import t from "tap";
import { BackupError, type BackupErrorCode } from "../errors.js";
import { DEFAULT_LIMITS, LARGE_FILE_BYTES } from "./format.js";
import { skippableFrame } from "./frames.js";
import { rawPath, type RawPath } from "./raw-path.js";
import { encodeTarHeader } from "./tar-header.js";
import {
  buildArchive,
  type BuildOptions,
  SAMPLE_TIME,
  SAMPLE_UID,
  type SampleEntry,
  sampleEntries,
  sampleKey,
} from "./testing/archive-builder.js";
import { extractInProcess, type InProcessOptions } from "./testing/extract-in-process.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree, type TreeEntry } from "./testing/tree.js";

/** What the sample must look like on disk. */
function expectedTree(entries: readonly SampleEntry[]): Record<string, TreeEntry> {
  return Object.fromEntries(
    entries.map(({ path, type = "file", mode = 0o644, mtimeNs = SAMPLE_TIME, content = "", target }) => [
      rawPath(path),
      {
        type,
        mode: type === "symlink" ? 0o777 : mode,
        mtimeNs,
        ...(type === "file" && { content: Buffer.from(content).toString("latin1") }),
        ...(target !== undefined && { target: rawPath(target) }),
      },
    ]),
  );
}

async function refusal(bytes: Uint8Array, options: InProcessOptions = {}): Promise<BackupError> {
  try {
    await extractInProcess(bytes, undefined, options);
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
  throw new Error("the archive was accepted");
}

t.test("an archive comes back with its contents, modes, times, links and empty directories", async (t) => {
  const entries = sampleEntries();
  const into = stagingDirectory(t);
  const result = await extractInProcess(buildArchive(entries), into);
  t.strictSame(readTree(into), expectedTree(entries));
  t.match(result, { hadIndex: true, tenant: "acme", tenantRecordJson: '{"id":"acme"}' });
  t.strictSame(result.totals, {
    entries: 9,
    files: 4,
    directories: 4,
    symlinks: 1,
    contentBytes: 18 + 13 + LARGE_FILE_BYTES + 700,
  });
});

t.test("names of any bytes and any length come back", async (t) => {
  const entries: SampleEntry[] = [
    { path: "back\\slash", content: "1" },
    { path: "line\nfeed", content: "2" },
    { path: "-rf *", content: "3" },
    { path: "ünï/日本語", content: "4" },
    { path: `${"d".repeat(200)}/${"e".repeat(255)}`, content: "5" },
    { path: "x", type: "symlink", target: "é".repeat(100) },
  ];
  const into = stagingDirectory(t);
  await extractInProcess(buildArchive(entries), into);
  for (const [path, entry] of Object.entries(expectedTree(entries)))
    t.strictSame(readTree(into)[path], entry, path);
});

t.test("a name that is not UTF-8 keeps its bytes", async (t) => {
  const latin1 = "caf\xe9" as RawPath;
  const archive = buildArchive([{ path: "cafe", content: "old" }], {
    draft: ([pack]) => {
      const [entry] = pack?.entries ?? [];
      if (pack === undefined || entry === undefined) return;
      pack.entries = [{ ...entry, path: `tenants/acme/${latin1}` as RawPath }];
      pack.raw = Buffer.concat([
        encodeTarHeader({ ...entry, path: `tenants/acme/${latin1}` as RawPath }),
        pack.raw.subarray(512),
      ]);
    },
  });
  const into = stagingDirectory(t);
  await extractInProcess(archive, into);
  t.match(readTree(into), { [latin1]: { content: "old" } });
});

t.test("chunks may be cut anywhere", async (t) => {
  const archive = buildArchive(sampleEntries(), { pieceBytes: 300_032 });
  for (const chunkBytes of [1, 7, 511, 4096])
    t.match(await extractInProcess(archive, undefined, { chunkBytes }), { totals: { files: 4 } });
});

t.test("a signature between index and seek table is accepted; anything else is not", async (t) => {
  const signingKey = sampleKey();
  await extractInProcess(buildArchive(sampleEntries(), { signingKey }), undefined);
  const other = skippableFrame(0x184d2a50, Buffer.from("{}"));
  for (const options of [{ behindIndex: [other] }, { signingKey, behindIndex: [other] }])
    t.match(await refusal(buildArchive(sampleEntries(), options)), { code: "ARCHIVE_DAMAGED" });
});

t.test("an archive of ours whose seek table is gone is refused, however its bytes arrive", async (t) => {
  const archive = buildArchive(sampleEntries().slice(0, 4));
  const altered = Buffer.from(archive);
  altered.writeUInt8(0, altered.length - 1);
  for (const chunkBytes of [1, 3, 1000, altered.length])
    await t.rejects(extractInProcess(altered, undefined, { chunkBytes }), {
      code: "ARCHIVE_DAMAGED",
      message: /no seek table leads to it/,
    });
});

t.test("bytes behind the seek table are refused", async (t) => {
  const archive = Buffer.concat([buildArchive(sampleEntries()), Buffer.from("x")]);
  t.match(await refusal(archive), { code: "ARCHIVE_DAMAGED" });
});

const lies: Record<string, BuildOptions> = {
  "a header that differs from the entry": {
    draft: ([pack]) => pack?.raw.write("0000777", 100, "latin1"),
  },
  "content that differs from the entry": { draft: ([pack]) => pack?.raw.write("X", 512, "latin1") },
  "padding that is not zero": { draft: ([pack]) => pack?.raw.write("X", 1023, "latin1") },
  "padding of a large file that is not zero": {
    draft: (segments) => {
      const piece = segments.findLast(({ kind }) => kind === "piece");
      piece?.raw.write("X", piece.raw.length - 1, "latin1");
    },
  },
  "content of a large file that differs from the entry": {
    draft: (segments) => segments.find(({ kind }) => kind === "piece")?.raw.write("X", 0, "latin1"),
  },
  "an end that is not zeros": { draft: (segments) => (segments.at(-1) ?? { raw: null }).raw?.fill(1) },
  "an entry of the tar that the index does not have": {
    lines: (lines) => lines.filter((line) => line["path"] !== "tenants/acme/sessions/empty"),
  },
  "an entry of the index that the tar does not have": {
    lines: (lines) =>
      lines.flatMap((line) => (line["size"] === 0 ? [line, { ...line, path: "tenants/acme/more" }] : [line])),
  },
  "entries in another order": {
    draft: ([pack]) => pack?.entries.reverse(),
  },
  "segments in another order": { frames: (frames) => frames.reverse() },
  "a size that is too large": {
    lines: (lines) => lines.map((line) => (line["size"] === 18 ? { ...line, size: 19 } : line)),
  },
  "totals that are too small": {
    lines: ([header, ...lines]) => [
      { ...header, totals: { ...(header?.["totals"] as object), contentBytes: 1 } },
      ...lines,
    ],
  },
  "a wrong hash of a segment": {
    lines: (lines) =>
      lines.map((line) => (line["type"] === "dirs" ? { ...line, sha256: "0".repeat(64) } : line)),
  },
  "a seek table that differs from the index": {
    table: (frames) => {
      const [first, second] = frames;
      if (first === undefined || second === undefined) return;
      frames.splice(0, 2, { ...first, stored: first.stored - 1 }, { ...second, stored: second.stored + 1 });
    },
  },
  "raw sizes in the seek table that differ": {
    table: (frames) => frames.splice(0, 1, { stored: frames[0]?.stored ?? 0, raw: 512 }),
  },
  "no end": { draft: (segments) => segments.pop() },
  "directories before files": { draft: (segments) => segments.unshift(...segments.splice(-2, 1)) },
  "a root that is another tenant's": {
    lines: ([header, ...lines]) => [{ ...header, root: "tenants/bravo" }, ...lines],
  },
  "an index that is not marked as one": {
    parts: (parts) => parts.at(-2)?.writeUInt32LE(0x184d2a50),
  },
  "a seek table with another descriptor": {
    parts: (parts) => parts.at(-1)?.writeUInt8(1, (parts.at(-1)?.length ?? 0) - 5),
  },
  "a root that is no tenant's": {
    lines: ([header, ...lines]) => [{ ...header, root: "etc", tenant: "etc" }, ...lines],
  },
};

for (const [lie, options] of Object.entries(lies)) {
  t.test(`an archive with ${lie} is refused`, async (t) => {
    const error = await refusal(buildArchive(sampleEntries(), options));
    t.equal(error.code, "ARCHIVE_DAMAGED");
    t.match(error.message, /^Archive memory:test/);
  });
}

t.test("an archive in which a directory has no entry is refused", async (t) => {
  for (const missing of ["", "sessions"]) {
    const entries = sampleEntries().filter(({ path }) => path !== missing);
    t.match(await refusal(buildArchive(entries, { incomplete: true })), {
      code: "ARCHIVE_DAMAGED",
      details: { rule: "index layout", entry: missing === "" ? "tenants/acme" : "tenants/acme/sessions" },
    });
  }
});

t.test("an archive with the record of another tenant than its index names is refused", async (t) => {
  const withRecord = (content: string): Buffer =>
    buildArchive(
      sampleEntries().map((entry) => (entry.path === "tenant.json" ? { ...entry, content } : entry)),
    );
  for (const record of ['{"id":"bravo"}', '{"id":"acme","uid":"another"}'])
    t.match(await refusal(withRecord(record)), {
      code: "ARCHIVE_DAMAGED",
      details: { rule: "tenant", entry: "tenant.json" },
    });
  for (const record of [`{"id":"acme","uid":"${SAMPLE_UID}"}`, "no JSON", "null", '{"id":7}'])
    t.equal((await extractInProcess(withRecord(record), undefined)).tenantRecordJson, record);
});

const unsafe: Record<string, [SampleEntry[], BackupErrorCode]> = {
  "a path that climbs": [[{ path: "../bravo/x" }], "UNSAFE_ENTRY"],
  "a link that leaves the tenant": [[{ path: "x", type: "symlink", target: "../../etc" }], "UNSAFE_ENTRY"],
  "an absolute link": [[{ path: "x", type: "symlink", target: "/etc/passwd" }], "UNSAFE_ENTRY"],
  "a path through a link": [[{ path: "x", type: "symlink", target: "y" }, { path: "x/z" }], "UNSAFE_ENTRY"],
  "a path that stands twice": [[{ path: "x" }, { path: "x" }], "UNSAFE_ENTRY"],
  "a link in the place of the root": [[{ path: "", type: "symlink", target: "x" }], "UNSAFE_ENTRY"],
  "a link in the place of tenant.json": [
    [{ path: "tenant.json", type: "symlink", target: "x" }],
    "UNSAFE_ENTRY",
  ],
  "a tenant.json over 1 MiB": [
    [{ path: "tenant.json", content: " ".repeat(LARGE_FILE_BYTES + 1) }],
    "UNSAFE_ENTRY",
  ],
};

for (const [what, [entries, code]] of Object.entries(unsafe)) {
  t.test(`an archive with ${what} is refused`, async (t) => {
    t.equal((await refusal(buildArchive(entries))).code, code);
  });
}

t.test("limits are checked against the claim before anything is written", async (t) => {
  const archive = buildArchive(sampleEntries());
  const entries = await refusal(archive, { limits: { ...DEFAULT_LIMITS, entries: 8 } });
  t.match(entries, { code: "LIMIT_EXCEEDED", message: /9 entries; the limit is 8/ });
  const bytes = await refusal(archive, { limits: { ...DEFAULT_LIMITS, bytes: 1000 } });
  t.match(bytes, { code: "LIMIT_EXCEEDED", message: /bytes; the limit is 1000/ });
});

t.test("a producer of a later format version is told apart from damage", async (t) => {
  const archive = buildArchive(sampleEntries(), {
    lines: ([header, ...lines]) => [{ ...header, format: 2 }, ...lines],
  });
  t.equal((await refusal(archive)).code, "ARCHIVE_TOO_NEW");
});
