import { hash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { tarPart, TAR_ENDING } from "../../archive/testing/tar-builder.js";
import { writeToMemory } from "../../archive/testing/write-to-memory.js";
import { FrameCompressor } from "../../archive/zstd.js";
import { BackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import type { StoreSettings } from "../../stores/settings.js";
import type { JobProgress } from "../types.js";
import type { OperationContext } from "./operation-context.js";
import { operations } from "./operations.js";
import type { DrillOutcome, ExpectedArchive, VerifyOperation, VerifyOutcome } from "./protocol.js";

/** The same numbers in each run (Numerical Recipes' constants for a generator of 32 bits). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
}

function noise(bytes: number, seed: number): Buffer {
  const next = numbers(seed);
  return Buffer.from(Array.from({ length: bytes }, () => next() >>> 24));
}

interface Bench {
  readonly file: string;
  readonly expected: ExpectedArchive;
  readonly progress: JobProgress[];
  readonly verify: (changes?: Partial<VerifyOperation>, signal?: AbortSignal) => Promise<VerifyOutcome>;
  readonly drill: () => Promise<DrillOutcome>;
}

/** An archive of packs, a large file in pieces, text that packs well, and directories. */
async function bench(t: Test): Promise<Bench> {
  const directory = t.testdir({ root: {}, acme: { sessions: {}, workspace: {} } });
  const tenant = join(directory, "acme");
  writeFileSync(join(tenant, "tenant.json"), '{"id":"acme","uid":"0123456789abcdef"}');
  writeFileSync(join(tenant, "sessions/a.jsonl"), '{"role":"user","content":"hello"}\n'.repeat(2000));
  writeFileSync(join(tenant, "workspace/noise"), noise(300_000, 1));
  writeFileSync(join(tenant, "workspace/large"), noise(1_100_000, 2));
  const { bytes, summary, header } = await writeToMemory(tenant);
  const root = join(directory, "root");
  const file = join(root, "a.tar.zst");
  writeFileSync(file, bytes);
  const expected = {
    uid: header.uid,
    createdAt: Date.parse(header.createdAt),
    indexSha256: summary.indexSha256,
  };
  const store: StoreSettings = { kind: "local", roots: [root] };
  const request = {
    store,
    key: file,
    limits: DEFAULT_LIMITS,
    as: undefined,
    signatures: undefined,
    expected,
  };
  const progress: JobProgress[] = [];
  const context = (signal = new AbortController().signal): OperationContext => ({
    signal,
    openStore,
    progress: (now) => void progress.push(now),
    leftover: () => Promise.resolve(),
    gone: () => undefined,
    completing: () => Promise.resolve(),
  });
  return {
    file,
    expected,
    progress,
    verify: (changes = {}, signal?) =>
      operations.verify({ ...request, level: "full", sample: { share: 1 }, ...changes }, context(signal)),
    drill: () => {
      const scratch = join(directory, "scratch");
      rmSync(scratch, { recursive: true, force: true });
      mkdirSync(scratch);
      return operations.drill(
        { ...request, directory: scratch, subject: "The drill of tenant acme" },
        context(),
      );
    },
  };
}

t.test("each level reads what it says, and a good archive passes them all", async (t) => {
  const { file, verify, progress } = await bench(t);
  const bytes = readFileSync(file);
  const quick = await verify({ level: "quick" });
  t.match(quick, {
    hadIndex: true,
    size: bytes.length,
    segmentsChecked: 0,
    notChecked: [/content of its segments/],
  });
  t.ok(quick.bytesRead <= 512 * 1024, String(quick.bytesRead));
  const whole = await verify({ level: "sample" });
  t.match(whole, { segmentsChecked: whole.segments, notChecked: [], objectSha256: undefined });
  const { notChecked, ...full } = await verify();
  t.match(full, { segmentsChecked: quick.segments, objectSha256: hash("sha256", bytes, "hex") });
  t.strictSame(notChecked, []);
  t.ok(full.bytesRead > bytes.length);
  t.match(progress.at(-1), { phase: "verify", files: 4, totalFiles: 4 });
});

t.test("samples that go on where the last one ended have seen every segment", async (t) => {
  const { verify } = await bench(t);
  let after: string | undefined;
  let checked = 0;
  const share = 0.25;
  for (let run = 0; run < 1 / share; run++) {
    const outcome = await verify({ level: "sample", sample: { share, ...(after && { after }) } });
    checked += outcome.segmentsChecked;
    after = outcome.sampledTo;
    if (outcome.segmentsChecked < outcome.segments)
      t.match(outcome.notChecked, [/^the content of [1-9] of its [1-9] segments$/]);
  }
  t.ok(checked >= (await verify({ level: "quick" })).segments);
});

t.test(
  "one flipped byte at 200 random places is found by a full verification",
  { timeout: 300_000 },
  async (t) => {
    const { file, expected, verify } = await bench(t);
    const { objectSha256 = "" } = await verify();
    const good = readFileSync(file);
    const next = numbers(20261122);
    const missed: number[] = [];
    const object = openSync(file, "r+");
    for (let time = 0; time < 200; time++) {
      const position = next() % good.length;
      const byte = good.readUInt8(position);
      writeSync(object, Buffer.of(byte ^ (1 + (next() % 255))), 0, 1, position);
      const outcome = await verify({ expected: { ...expected, objectSha256 } }).catch(
        (error: unknown) => error,
      );
      if (!(outcome instanceof BackupError) || outcome.exitCode !== 7) missed.push(position);
      writeSync(object, Buffer.of(byte), 0, 1, position);
    }
    closeSync(object);
    t.strictSame(missed, []);
  },
);

t.test("a byte that zstd itself does not look at is found once all bytes have been seen", async (t) => {
  const { expected, verify } = await bench(t);
  await t.rejects(verify({ expected: { ...expected, objectSha256: "0".repeat(64) } }), {
    code: "ARCHIVE_DAMAGED",
    details: { rule: "object hash" },
  });
});

t.test("an archive that has lost its end, or is another one, is not what was stored", async (t) => {
  const { file, expected, verify } = await bench(t);
  const good = readFileSync(file);
  await t.rejects(verify({ level: "quick", expected: { ...expected, indexSha256: "0".repeat(64) } }), {
    code: "ARCHIVE_DAMAGED",
    message: /another index/,
    details: { rule: "index hash", replaced: undefined },
  });
  const others = { ...expected, indexSha256: "0".repeat(64), uid: "someone else's" };
  await t.rejects(verify({ level: "quick", expected: others }), {
    code: "ARCHIVE_DAMAGED",
    message: /is not the archive that was stored there/,
    details: { replaced: true },
  });
  writeFileSync(file, good.subarray(0, good.length - 9));
  await t.rejects(verify({ level: "quick" }), { code: "ARCHIVE_DAMAGED", details: { rule: "lost end" } });
  rmSync(file);
  await t.rejects(verify({ level: "quick" }), { code: "ARCHIVE_NOT_FOUND" });
});

t.test("of another tool's archive what can be checked is checked, and the rest is said", async (t) => {
  const { file, verify, drill } = await bench(t);
  const tar = Buffer.concat([
    tarPart({ name: "tenants/acme/a.json", content: "{}" }),
    tarPart({ name: "tenants/acme/b.json", content: "{" }),
    TAR_ENDING,
  ]);
  writeFileSync(file, tar);
  const unknown = { expected: undefined };
  for (const level of ["quick", "sample"] as const)
    t.match(await verify({ ...unknown, level }), {
      hadIndex: false,
      segments: 0,
      notChecked: [/another tool made it/],
    });
  t.match(await verify(unknown), { hadIndex: false, notChecked: [/a plain tar has no checksums/] });
  writeFileSync(file, new FrameCompressor(1).compress(tar));
  t.match(await verify(unknown), { notChecked: [/only its compression's checksums/] });
  await t.rejects(drill(), { code: "ARCHIVE_DAMAGED" }, "which is not what the catalogue expects");
});

t.test("a sample that is cancelled ends", async (t) => {
  const { verify } = await bench(t);
  const abort = new AbortController();
  const sampling = verify({ level: "sample" }, abort.signal);
  abort.abort(new BackupError("JOB_CANCELLED", "The job was cancelled."));
  await t.rejects(sampling, { code: "JOB_CANCELLED" });
});

t.test("a drill restores, looks, and says how long the restore took", async (t) => {
  const { drill, progress } = await bench(t);
  const { restoreMs, report, ...outcome } = await drill();
  t.ok(restoreMs > 0);
  t.match(report, { entries: 7, files: 4, findings: [], json: { checked: 2 } });
  t.match(outcome, { hadIndex: true, totals: { files: 4 }, notChecked: [] });
  t.strictSame([...new Set(progress.map(({ phase }) => phase))], ["extract", "check"]);
});
