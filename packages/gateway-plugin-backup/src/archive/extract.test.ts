import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import t from "tap";
import { BackupError } from "../errors.js";
import { ExtractClient } from "./extract-client.js";
import type { ExtractionTask } from "./extraction.js";
import { extractArchive, type ExtractProgress, type ExtractRequest, type ExtractSummary } from "./extract.js";
import { DEFAULT_LIMITS } from "./format.js";
import { identifyArchive } from "./identify.js";
import { buildArchive, SAMPLE_UID, sampleEntries } from "./testing/archive-builder.js";
import { memorySource } from "./testing/memory-source.js";
import { stagingDirectory } from "./testing/staging.js";
import { tarOf } from "./testing/tar-builder.js";
import { UNLIMITED_SPACE } from "./space.js";
import { readTree } from "./testing/tree.js";

async function extract(bytes: Buffer, changes: Partial<ExtractRequest>): Promise<ExtractSummary> {
  const source = changes.source ?? memorySource(bytes);
  return extractArchive({
    source,
    ...(await identifyArchive(memorySource(bytes), DEFAULT_LIMITS)),
    as: undefined,
    into: undefined,
    limits: DEFAULT_LIMITS,
    space: UNLIMITED_SPACE,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  });
}

/** Large enough for the buffers to go around several times. */
function largeArchive(): Buffer {
  return buildArchive(
    Array.from({ length: 12 }, (_, number) => ({ path: `f${number}`, content: randomBytes(1_500_000) })),
  );
}

t.test("an archive is extracted in a thread of its own", async (t) => {
  const into = stagingDirectory(t);
  const progress: ExtractProgress[] = [];
  const archive = largeArchive();
  const summary = await extract(archive, { into, onProgress: (step) => progress.push(step) });
  t.match(summary, {
    tenant: "acme",
    uid: SAMPLE_UID,
    hadIndex: true,
    warnings: [],
    tenantRecordJson: undefined,
  });
  t.equal(Object.keys(readTree(into)).length, 13);
  const last = progress.at(-1);
  t.match(last, { files: 12, totalFiles: 12, contentBytes: 18_000_000, totalContentBytes: 18_000_000 });
  t.equal(last?.storedBytes, last?.totalStoredBytes);
});

t.test("archives of other tools as well", async (t) => {
  const tar = tarOf(
    { name: "tenants/acme/tenant.json", content: "{}" },
    { name: "tenants/acme/big", content: randomBytes(9_000_000) },
  );
  for (const bytes of [tar, gzipSync(tar, { level: 1 })]) {
    const into = stagingDirectory(t);
    const summary = await extract(bytes, { into });
    t.match(summary, { tenant: "acme", uid: undefined, hadIndex: false, tenantRecordJson: "{}" });
    t.strictSame(readdirSync(into).sort(), ["big", "tenant.json"]);
  }
});

t.test("a dry run checks everything and writes nothing", async (t) => {
  const into = stagingDirectory(t);
  t.match(await extract(buildArchive(sampleEntries()), {}), {
    totals: { files: 4 },
    tenantRecordJson: '{"id":"acme"}',
  });
  t.strictSame(readdirSync(into), []);
  const damaged = buildArchive(sampleEntries(), { draft: ([pack]) => pack?.raw.write("X", 512) });
  await t.rejects(extract(damaged, {}), { code: "ARCHIVE_DAMAGED" });
});

t.test("too little space is told before anything is read", async (t) => {
  const into = stagingDirectory(t);
  const bytes = buildArchive(sampleEntries());
  let reads = 0;
  const source = memorySource(bytes);
  const counting = {
    ...source,
    read: (start: number, end: number) => {
      reads++;
      return source.read(start, end);
    },
  };
  await t.rejects(extract(bytes, { into, source: counting, space: { bytes: 1_000_000, boundBy: "disk" } }), {
    code: "DISK_FULL",
    message: /needs \d+ bytes; 1000000 are free/,
  });
  await t.rejects(extract(bytes, { into, source: counting, space: { bytes: 1_000_000, boundBy: "quota" } }), {
    code: "QUOTA_EXCEEDED",
    message: /needs \d+ bytes; the tenant's quota is 1000000 bytes/,
    details: { quota: "bytes", limitBytes: 1_000_000 },
  });
  t.equal(reads, 0);
  t.strictSame(readdirSync(into), []);
});

t.test("errors of the thread come back as they are", async (t) => {
  const bytes = buildArchive(sampleEntries(), { draft: ([pack]) => pack?.raw.write("X", 512) });
  await t.rejects(extract(bytes, {}), { code: "ARCHIVE_DAMAGED", exitCode: 7, details: { entry: String } });
  const good = buildArchive(sampleEntries());
  await t.rejects(extract(good, { into: "/nonexistent/staging" }), { code: "IO_FAILED" });
});

t.test("a store that fails on the way ends everything", async (t) => {
  const bytes = largeArchive();
  const source = {
    ...memorySource(bytes),
    async *read(start: number) {
      yield* memorySource(bytes).read(start, 3_000_000);
      throw new BackupError("STORE_FAILED", "The store went away.");
    },
  };
  await t.rejects(extract(bytes, { source }), { code: "STORE_FAILED" });
  const short = {
    ...memorySource(bytes),
    read: (start: number) => memorySource(bytes).read(start, 3_000_000),
  };
  await t.rejects(extract(bytes, { source: short }), {
    code: "ARCHIVE_DAMAGED",
    message: /ends within segment/,
  });
  const long = {
    ...memorySource(bytes),
    read: (start: number) => memorySource(bytes).read(start, bytes.length),
  };
  await t.rejects(extract(bytes, { source: long }), { code: "ARCHIVE_DAMAGED", message: /goes on behind/ });
});

t.test("cancelling ends it at once, with the reason given", async (t) => {
  const bytes = largeArchive();
  const reason = new BackupError("JOB_CANCELLED", "Job 7 was cancelled.");
  await t.rejects(extract(bytes, { signal: AbortSignal.abort(reason) }), reason);
  await t.rejects(extract(bytes, { signal: AbortSignal.abort() }), { code: "JOB_CANCELLED" });
  const controller = new AbortController();
  const running = extract(bytes, { signal: controller.signal, onProgress: () => controller.abort(reason) });
  await t.rejects(running, reason);
});

t.test("a thread that dies is told from a damaged archive", async (t) => {
  const task: ExtractionTask = {
    subject: "Archive memory:test",
    archive: { kind: "foreign", format: "tar", as: undefined },
    limits: DEFAULT_LIMITS,
    space: { bytes: 0, boundBy: "disk" },
  };
  for (const [program, message] of [
    ["process.exit(3)", /extracts Archive memory:test failed: it ended with 3/],
    ["throw new Error('out of memory')", /failed: out of memory/],
  ] as const) {
    const client = new ExtractClient(
      { task, into: undefined, onProgress: () => undefined },
      { extract: new URL(`data:text/javascript,${program}`), write: new URL("data:text/javascript,") },
    );
    await t.rejects(client.write(Buffer.alloc(50_000_000)), { code: "JOB_THREAD_FAILED", message });
    await t.rejects(client.end(), { code: "JOB_THREAD_FAILED" });
    await client.close();
  }
});

t.test("so is a thread that dies while it writes", async (t) => {
  const source = memorySource(largeArchive());
  const { index } = await identifyArchive(source, DEFAULT_LIMITS);
  if (index === undefined) throw new Error("no index");
  const task: ExtractionTask = {
    subject: "Archive memory:test",
    archive: { kind: "native", payload: index.payload },
    limits: DEFAULT_LIMITS,
    space: UNLIMITED_SPACE,
  };
  for (const [program, message] of [
    ["process.exit(3)", /extracts Archive memory:test failed: the thread that writes ended with 3/],
    ["throw new Error('out of memory')", /failed: out of memory/],
  ] as const) {
    const client = new ExtractClient(
      { task, into: stagingDirectory(t), onProgress: () => undefined },
      {
        extract: new URL("./threads/extract-thread.js", import.meta.url),
        write: new URL(`data:text/javascript,${program}`),
      },
    );
    const extracting = (async () => {
      for await (const chunk of source.read(0, index.segmentsEnd)) await client.write(chunk);
      return client.end();
    })();
    await t.rejects(extracting, { code: "JOB_THREAD_FAILED", message });
    await client.close();
  }
});
