import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { BackupError } from "../errors.js";
import { DEFAULT_LIMITS, LARGE_FILE_BYTES, SEGMENT_BYTES } from "./format.js";
import { openIndex } from "./open.js";
import { rawPath } from "./raw-path.js";
import { keyIdOf, SIGNATURE_FRAME_BYTES } from "./signature.js";
import { sampleKey } from "./testing/archive-builder.js";
import { memorySource } from "./testing/memory-source.js";
import { readTree } from "./testing/tree.js";
import { framesOf, writeRequest, writeToMemory } from "./testing/write-to-memory.js";
import { writeArchive } from "./writer.js";
import type { WriteProgress } from "./writer.js";

/** Bytes that do not repeat, the same in every run. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A tenant with one of everything. */
function sampleTenant(place: string): string {
  const directory = join(place, "acme");
  mkdirSync(join(directory, "sessions/2026"), { recursive: true });
  mkdirSync(join(directory, "empty directory"));
  mkdirSync(join(directory, "pty"));
  const put = (name: string | Buffer, content: string | Buffer, mode = 0o600): void => {
    const path = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]);
    writeFileSync(path, content);
    chmodSync(path, mode);
  };
  put("tenant.json", '{"id":"acme"}');
  put("empty", "");
  put("sessions/2026/a.jsonl", '{"role":"user"}\n'.repeat(100), 0o640);
  put(`${"n".repeat(200)} é.txt`, "long");
  put(" leading, trailing \n", "odd");
  put("back\\slash", "odd");
  put(Buffer.from([0x6e, 0xff, 0xfe]), "not UTF-8");
  put("below", noise(LARGE_FILE_BYTES - 1, 1));
  put("exact", noise(LARGE_FILE_BYTES, 2));
  put("above", noise(LARGE_FILE_BYTES + 1, 3));
  put("piece", noise(SEGMENT_BYTES, 4));
  put("pieces", noise(2 * SEGMENT_BYTES + 513, 5), 0o755);
  put("pty/0", "never archived");
  symlinkSync("sessions/2026", join(directory, "latest"));
  symlinkSync(join(directory, "tenant.json"), join(directory, "sessions/absolute"));
  chmodSync(join(directory, "empty directory"), 0o500);
  utimesSync(join(directory, "sessions"), 1_700_000_000, 1_700_000_000.5);
  return directory;
}

t.test("zstd and tar open an archive, and unpack the same tree", async (t) => {
  const place = t.testdir({ out: {} });
  const directory = sampleTenant(place);
  const { bytes, summary } = await writeToMemory(directory);
  const archive = join(place, "a.tar.zst");
  writeFileSync(archive, bytes);
  execFileSync("zstd", ["-q", "-t", archive]);
  const listed = execFileSync("tar", ["--zstd", "-tf", archive], { encoding: "latin1" }).split("\n");
  t.equal(listed.filter((line) => line !== "").length, summary.totals.entries);
  const unpack = `zstd -q -dc '${archive}' | tar x -C '${place}/out'`;
  execFileSync("sh", ["-c", unpack]);
  rmSync(join(directory, "pty"), { recursive: true });
  rmSync(join(directory, "sessions/absolute"));
  symlinkSync("../tenant.json", join(directory, "sessions/absolute"));
  execFileSync("diff", ["-r", "--no-dereference", directory, join(place, "out/tenants/acme")]);
  for (const path of ["sessions", "pieces", "empty directory", "sessions/2026/a.jsonl"])
    t.equal(statSync(join(place, "out/tenants/acme", path)).mode, statSync(join(directory, path)).mode, path);
  t.equal(statSync(join(place, "out/tenants/acme/empty")).mtime.getTime() % 1000, 0);
});

t.test("the index holds modes, nanoseconds and SHA-256 of every entry", async (t) => {
  const directory = sampleTenant(t.testdir({}));
  const { entries, header, summary } = await writeToMemory(directory);
  const tree = readTree(directory);
  for (const [path, entry] of Object.entries(tree)) {
    if (path.startsWith("pty") || path === "sessions" || path === "") continue;
    const record = entries.find((candidate) => candidate.path === `tenants/acme/${path}`);
    t.match(record, { type: entry.type, mode: entry.mode & 0o777, mtimeNs: entry.mtimeNs }, path);
    if (entry.content === undefined) continue;
    const sha256 = execFileSync("sha256sum", { input: Buffer.from(entry.content, "latin1") })
      .toString()
      .slice(0, 64);
    t.equal(record?.sha256, sha256, `SHA-256 of ${path}`);
  }
  t.equal(
    entries.find(({ path }) => path === "tenants/acme/sessions/absolute")?.target,
    rawPath("../tenant.json"),
  );
  t.strictSame(header.totals, summary.totals);
});

t.test(
  "packs come first, then large files by path, then directories with children before parents",
  async (t) => {
    const { entries, segments } = await writeToMemory(sampleTenant(t.testdir({})));
    const kinds = segments.map(({ kind }) => kind);
    t.strictSame(kinds, [
      "pack",
      ...["head", "piece"],
      ...["head", "piece"],
      ...["head", "piece"],
      ...["head", "piece", "piece", "piece"],
      "dirs",
      "end",
    ]);
    const inOrder = (kind: string): string[] =>
      entries
        .filter(({ segment }) => kinds[segment] === kind)
        .map(({ path }) => path.slice("tenants/acme".length));
    t.strictSame(inOrder("head"), ["/above", "/exact", "/piece", "/pieces"]);
    t.strictSame(inOrder("dirs"), ["/sessions/2026", "/sessions", "/empty directory", ""]);
    t.strictSame(inOrder("pack"), [...inOrder("pack")].sort());
  },
);

t.test(
  "an unchanged tenant gives the same segments, byte for byte, with any number of threads",
  async (t) => {
    const directory = sampleTenant(t.testdir({}));
    const first = await writeToMemory(directory);
    const second = await writeToMemory(directory, {
      compressionThreads: 1,
      createdAt: "2027-01-01T00:00:00Z",
    });
    t.strictSame(second.segments, first.segments);
    const end = first.segments.reduce((sum, { stored }) => sum + stored, 0);
    t.ok(first.bytes.subarray(0, end).equals(second.bytes.subarray(0, end)));
  },
);

t.test("a tenant with nothing in it has one entry", async (t) => {
  const { summary, segments } = await writeToMemory(t.testdir({}));
  t.match(summary.totals, { entries: 1, files: 0, directories: 1, contentBytes: 0, tarBytes: 512 + 1024 });
  t.strictSame(
    segments.map(({ kind }) => kind),
    ["dirs", "end"],
  );
});

t.test("thousands of small files fill packs of at most 4 MiB", async (t) => {
  const directory = t.testdir({});
  for (let i = 0; i < 3000; i++) writeFileSync(join(directory, `f${i}`), noise(2500 + (i % 700), i));
  const { segments, summary } = await writeToMemory(directory);
  const packs = segments.filter(({ kind }) => kind === "pack");
  t.equal(summary.totals.files, 3000);
  t.ok(packs.length > 1);
  t.ok(packs.every(({ raw }) => raw <= SEGMENT_BYTES));
  t.ok(packs.slice(0, -1).every(({ raw }) => raw > SEGMENT_BYTES - 8192));
});

t.test("sockets and FIFOs are reported and never waited for", async (t) => {
  // A socket's path has at most 107 bytes; that of a test directory has more.
  const directory = mkdtempSync(join(tmpdir(), "tenant-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  writeFileSync(join(directory, "file"), "x");
  execFileSync("mkfifo", [join(directory, "pipe")]);
  const server = createServer().listen(join(directory, "socket"));
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { summary } = await writeToMemory(directory);
  t.match(summary.warnings, [
    { code: "SPECIAL_FILE", path: "pipe" },
    { code: "SPECIAL_FILE", path: "socket" },
  ]);
  t.equal(summary.totals.files, 1);
});

t.test("links that lead out, by themselves or through others, are left out and reported", async (t) => {
  const directory = t.testdir({
    deep: { er: {}, "up-one": t.fixture("symlink", "..") },
    outside: t.fixture("symlink", "../../etc/passwd"),
    root: t.fixture("symlink", "/etc/passwd"),
    through: t.fixture("symlink", "deep/up-one/../x"),
    fine: t.fixture("symlink", "deep/er/../er"),
    dangling: t.fixture("symlink", "nowhere"),
  });
  const { summary, entries } = await writeToMemory(directory);
  const links = entries
    .filter(({ type }) => type === "symlink")
    .map(({ path }) => path.slice("tenants/acme/".length));
  t.strictSame(links, ["dangling", "deep/up-one", "fine"]);
  t.strictSame(
    summary.warnings.map(({ code, path }) => `${code} ${path}`),
    ["LINK_ESCAPES outside", "LINK_ESCAPES root", "LINK_ESCAPES through"],
  );
});

t.test("what the globs exclude is counted, not archived", async (t) => {
  const directory = t.testdir({ keep: "1", "drop.log": "123", cache: { a: "1" } });
  const { summary, entries } = await writeToMemory(directory, { exclude: ["*.log", "cache"] });
  const counted = { entries: 3, bytes: 4 };
  t.strictSame(summary.excluded, { ...counted, config: counted, backupignore: { entries: 0, bytes: 0 } });
  t.strictSame(
    entries.map(({ path }) => path),
    ["tenants/acme/keep", "tenants/acme"],
  );
});

t.test("more entries than the limit refuse the backup before anything is written", async (t) => {
  const directory = t.testdir({ a: "", b: "", c: "" });
  const limits = { entries: 3, bytes: 1e9, ratio: 1000 };
  await t.rejects(writeToMemory(directory, { limits }), {
    code: "LIMIT_EXCEEDED",
    message: /Tenant acme .* 3 entries/,
  });
});

t.test("a tenant's directory that is not there is an error that names the tenant", async (t) => {
  await t.rejects(writeToMemory(join(t.testdir({}), "none")), { code: "IO_FAILED", message: /tenant acme/ });
});

t.test("progress ends at what the archive holds", async (t) => {
  const seen: WriteProgress[] = [];
  const { summary, bytes, segments } = await writeToMemory(sampleTenant(t.testdir({})), {
    onProgress: (p) => seen.push(p),
  });
  const { files, contentBytes, tarBytes } = summary.totals;
  t.match(seen[0], { phase: "scan" });
  t.match(seen.at(-1), { phase: "write", files, contentBytes, tarBytes, totalFiles: files });
  t.equal(
    seen.at(-1)?.storedBytes,
    segments.reduce((sum, { stored }) => sum + stored, 0),
  );
  t.equal(summary.storedBytes, bytes.length);
});

t.test("progress is told while a large tenant is looked at", async (t) => {
  const directory = t.testdir({});
  for (let i = 0; i < 10_000; i++) writeFileSync(join(directory, String(i)), "");
  const seen: WriteProgress[] = [];
  await writeToMemory(directory, { onProgress: (p) => seen.push(p) });
  const scans = seen.filter(({ phase }) => phase === "scan").map(({ files }) => files);
  t.strictSame(scans, [9999, 10_000], "the tenant's own directory counts as well");
});

t.test("the summary's index hash is that of the index frame", async (t) => {
  const { bytes, segments, summary } = await writeToMemory(t.testdir({ a: "x" }));
  const start = segments.reduce((sum, { stored }) => sum + stored, 0);
  const length = 8 + bytes.readUInt32LE(start + 4);
  const frame = bytes.subarray(start, start + length);
  t.equal(summary.indexSha256, execFileSync("sha256sum", { input: frame }).toString().slice(0, 64));
});

t.test("an aborted signal ends the iteration with its reason", async (t) => {
  const directory = sampleTenant(t.testdir({}));
  const abort = new AbortController();
  const reason = new BackupError("SHUTTING_DOWN", "The gateway stops.");
  const { chunks, summary } = writeArchive(writeRequest(directory, t.testdirName, { signal: abort.signal }));
  const iterate = async (): Promise<void> => {
    for await (const chunk of framesOf(chunks)) if (chunk.length > 0) abort.abort(reason);
  };
  await t.rejects(iterate(), { code: "SHUTTING_DOWN" });
  await t.rejects(summary, { code: "SHUTTING_DOWN" });
  await t.rejects(writeToMemory(directory, { signal: AbortSignal.abort(reason) }), { code: "SHUTTING_DOWN" });
});

t.test("a consumer that stops ends the threads, and the summary says so", async (t) => {
  const { chunks, summary } = writeArchive(writeRequest(sampleTenant(t.testdir({})), t.testdirName));
  for await (const chunk of framesOf(chunks)) {
    t.ok(chunk.length > 0);
    break;
  }
  await t.rejects(summary, { code: "JOB_CANCELLED" });
});

t.test("an index is signed by the key that is given, and by none otherwise", async (t) => {
  const directory = sampleTenant(t.testdir({}));
  const signed = await writeToMemory(directory, { signingKey: sampleKey() });
  const plain = await writeToMemory(directory);
  for (const [{ bytes, summary }, signer] of [
    [signed, keyIdOf(sampleKey())],
    [plain, undefined],
  ] as const) {
    const index = await openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS);
    t.equal(index?.signedBy, signer);
    t.equal(index?.sha256, summary.indexSha256);
    t.equal(bytes.length, summary.storedBytes);
    t.equal(bytes.length - (index?.segmentsEnd ?? 0), summary.tailBytes);
  }
  t.equal(
    signed.bytes.length - plain.bytes.length,
    SIGNATURE_FRAME_BYTES + 8,
    "and a line of the seek table",
  );
});
