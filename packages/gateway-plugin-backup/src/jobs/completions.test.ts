import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../archive/format.js";
import { BackupError } from "../errors.js";
import { openStore } from "../stores/open.js";
import type { StoreSettings } from "../stores/settings.js";
import { backupOperation } from "../test-support/backup-operation.js";
import { FakeTime } from "../test-support/fake-time.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";
import { ArchivesInUse } from "./archives-in-use.js";
import { settleCompletions } from "./completions.js";
import { addressOf } from "./destinations.js";
import type { NewArchive } from "./ledger/archives.js";
import { Ledger } from "./ledger/ledger.js";
import { JobThreads } from "./thread/pool.js";
import type { CompletingArchive } from "./thread/protocol.js";

const { signal } = new AbortController();

/** A ledger, job threads and a store: as after a start that found jobs which were cut off. */
function setUp(t: Test, store?: StoreSettings) {
  const directory = t.testdir({ tenant: { "tenant.json": "{}", sessions: { "a.jsonl": "{}\n" } }, tmp: {} });
  const archives = join(directory, "archives");
  mkdirSync(archives);
  const settings: StoreSettings = store ?? { kind: "local", roots: [archives] };
  const key = store === undefined ? join(archives, "a.tar.zst") : "a.tar.zst";
  const ledger = Ledger.open(join(directory, "ledger.sqlite"));
  const threads = new JobThreads();
  t.teardown(async () => {
    await threads.close();
    ledger.close();
  });
  const time = new FakeTime();
  const log = new MemoryLog();
  let known: StoreSettings | undefined = settings;
  const services = {
    ledger,
    threads,
    archivesInUse: new ArchivesInUse(),
    config: { destinations: {} },
    destinations: { remembered: () => known },
    host: { clock: time, log },
  };

  /** Stores an archive as a backup does, and gives what is noted before it is visible. */
  const storeNow = (content: string): Promise<CompletingArchive> => {
    writeFileSync(join(directory, "tenant/sessions/a.jsonl"), content);
    let completing: CompletingArchive | undefined;
    const operation = backupOperation(directory, { store: settings, key, overwrite: true });
    const onCompleting = (archive: CompletingArchive): void => void (completing = archive);
    return threads.run("backup", operation, { signal, onCompleting }).then(() => {
      if (completing === undefined) throw new Error("Nothing was announced");
      return completing;
    });
  };
  const addJob = (id: string): void => {
    const job = {
      id,
      type: "backup",
      tenant: "acme",
      tenantUid: "u1",
      trigger: "api",
      actor: "admin",
    } as const;
    ledger.jobs.insert({ ...job, request: {}, state: "queued", createdAt: 1, warnings: [] });
    ledger.jobs.end({ id, state: "interrupted", finishedAt: 2, warnings: [] });
  };
  const archiveOf = (
    jobId: string,
    { size, indexSha256, totals }: CompletingArchive,
  ): Omit<NewArchive, "etag"> => ({
    id: `a-${jobId}`,
    jobId,
    tenant: "acme",
    tenantUid: "u1",
    location: settings.kind === "local" ? key : `s3://${settings.bucket}/${key}`,
    storeKind: settings.kind,
    endpoint: settings.kind === "s3" ? (settings.endpoint ?? "") : "",
    bucket: settings.kind === "s3" ? settings.bucket : "",
    key,
    size,
    indexSha256,
    formatVersion: 1,
    createdAt: time.now(),
    totals,
    state: "good",
    checkedAt: 1,
  });
  /** As if the gateway had died when it had noted this. */
  const cutOff = (jobId: string, completing: CompletingArchive): void => {
    addJob(jobId);
    const { mark } = completing;
    const archive = archiveOf(jobId, completing);
    const completion = {
      store: addressOf(settings),
      mark,
      limits: DEFAULT_LIMITS,
      archive,
      result: { key },
      warnings: [],
    };
    ledger.completions.put(jobId, completion, time.now());
  };
  const forgetStore = (): void => void (known = undefined);
  const knowStore = (): void => void (known = settings);
  const it = openStore(settings);
  t.teardown(() => it.close());
  return {
    it,
    key,
    ledger,
    time,
    log,
    services,
    storeNow,
    addJob,
    archiveOf,
    cutOff,
    forgetStore,
    knowStore,
  };
}

await t.test("an archive that is there is listed, and its job has succeeded", async (t) => {
  const { ledger, key, services, storeNow, cutOff } = setUp(t);
  cutOff("j1", await storeNow("one"));
  await settleCompletions(services, signal);
  t.match(ledger.jobs.get("j1"), {
    state: "succeeded",
    result: { key, etag: String },
    warnings: [{ code: "RECOVERED" }],
  });
  t.match(ledger.archives.newest("acme", "u1"), { id: "a-j1", state: "good", etag: String, key });
  t.same(ledger.completions.ofEndedJobs(), []);
});

await t.test("what is not there is not listed, and nothing else is touched", async (t) => {
  const { ledger, key, services, storeNow, cutOff } = setUp(t);
  const gone = await storeNow("the first, which is then replaced");
  await storeNow("the second");
  const bytes = readFileSync(key);
  cutOff("j1", gone);
  await settleCompletions(services, signal);
  t.match(ledger.jobs.get("j1"), { state: "interrupted" });
  t.same(ledger.completions.ofEndedJobs(), []);
  t.same(ledger.archives.list({ limit: 10 }), []);
  t.ok(readFileSync(key).equals(bytes), "what is there is somebody's");
});

await t.test(
  "an archive that had replaced another is listed in its place; one that had not leaves it",
  async (t) => {
    const { ledger, services, storeNow, addJob, archiveOf, cutOff } = setUp(t);
    const first = await storeNow("one");
    addJob("j0");
    ledger.archives.add({ ...archiveOf("j0", first), etag: "e" });
    cutOff("j1", { ...first, indexSha256: "0".repeat(64) });
    await settleCompletions(services, signal);
    t.match(ledger.archives.get("a-j0"), { state: "good" });
    cutOff("j2", await storeNow("two"));
    await settleCompletions(services, signal);
    t.match(ledger.archives.get("a-j0"), { state: "deleted" });
    t.match(ledger.archives.newest("acme", "u1"), { id: "a-j2" });
  },
);

await t.test("a store that cannot be asked is asked again later", async (t) => {
  const { ledger, log, services, storeNow, cutOff, forgetStore, knowStore } = setUp(t);
  cutOff("j1", await storeNow("one"));
  forgetStore();
  await settleCompletions(services, signal);
  t.match(ledger.completions.get("j1"), { problem: /no settings for its store/ });
  t.match(log.lines, [{ level: "warn" }]);
  knowStore();
  await settleCompletions(services, signal);
  t.match(ledger.jobs.get("j1"), { state: "succeeded" });
});

await t.test(
  "an archive that another job has put there meanwhile is not taken for the one that was looked at",
  async (t) => {
    const { ledger, services, storeNow, addJob, archiveOf, cutOff } = setUp(t);
    const first = await storeNow("one");
    cutOff("j1", first);
    let second: CompletingArchive | undefined;
    const threads: typeof services.threads = Object.assign(Object.create(services.threads) as JobThreads, {
      run: async (...parameters: Parameters<JobThreads["run"]>) => {
        const result: unknown = await services.threads.run(...parameters);
        if (second === undefined) {
          second = await storeNow("two");
          addJob("j2");
          ledger.archives.add({ ...archiveOf("j2", second), etag: "e" });
        }
        return result;
      },
    });
    await settleCompletions({ ...services, threads }, signal);
    t.match(ledger.jobs.get("j1"), { state: "interrupted" });
    t.match(ledger.archives.newest("acme", "u1"), { id: "a-j2", state: "good" });
  },
);

await t.test("a stop leaves the rest for the next start", async (t) => {
  const { ledger, services, storeNow, cutOff } = setUp(t);
  cutOff("j1", await storeNow("one"));
  await settleCompletions(services, AbortSignal.abort());
  t.ok(ledger.completions.get("j1"));
  t.match(ledger.jobs.get("j1"), { state: "interrupted" });
});

await t.test("a ledger that fails is logged, and keeps nothing else from starting", async (t) => {
  const { ledger, log, services, storeNow, cutOff } = setUp(t);
  cutOff("j1", await storeNow("one"));
  ledger.completions.ofEndedJobs = () => {
    throw new BackupError("LEDGER_UNUSABLE", "The disk is out of order.");
  };
  await settleCompletions(services, signal);
  t.match(log.lines, [{ level: "error", fields: { problem: "The disk is out of order." } }]);
});

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test(
    "S3: an archive that is found to be there is locked as its destination wants it",
    async (t) => {
      const lock = { mode: "governance", days: 730 } as const;
      for (const isLockable of [true, false]) {
        const bucket = isLockable ? await s3.newLockableBucket() : await s3.newBucket();
        const { ledger, services, storeNow, cutOff } = setUp(t, s3.settings(bucket));
        const config = { destinations: { vault: { url: `s3://${bucket}`, endpoint: s3.endpoint, lock } } };
        cutOff("j1", await storeNow("one"));
        await settleCompletions({ ...services, config }, signal);
        const codes = ledger.jobs.get("j1")?.warnings.map(({ code }) => code);
        t.same(codes, isLockable ? ["RECOVERED"] : ["NOT_LOCKED", "RECOVERED"]);
        t.equal(ledger.archives.get("a-j1")?.lock?.mode, isLockable ? "governance" : undefined);
      }
    },
  );

  await t.test(
    "an archive of ours that is damaged in its store is removed, and its job says so",
    async (t) => {
      const bench = setUp(t, s3.settings(await s3.newBucket()));
      const { it, ledger, key, services, storeNow, addJob, archiveOf, cutOff } = bench;
      addJob("j0");
      ledger.archives.add({ ...archiveOf("j0", await storeNow("zero")), etag: "e" });
      const written = await storeNow("one");
      cutOff("j1", { ...written, indexSha256: "0".repeat(64) });
      await settleCompletions(services, signal);
      t.match(ledger.jobs.get("j1"), {
        state: "failed",
        error: { code: "STORE_FAILED", message: /It was removed/ },
      });
      t.equal(await it.head(key), undefined);
      t.match(ledger.archives.get("a-j0"), { state: "deleted" }, "what it had replaced is gone as well");
    },
  );

  await t.test("an archive in whose place another upload's stands is not there", async (t) => {
    const { it, ledger, key, time, services, storeNow, cutOff } = setUp(t, s3.settings(await s3.newBucket()));
    const first = await storeNow("one");
    await storeNow("one");
    cutOff("j1", first);
    time.advance(3_600_000);
    await settleCompletions(services, signal);
    t.match(ledger.jobs.get("j1"), { state: "interrupted" });
    t.notOk(ledger.completions.get("j1"));
    t.ok(await it.head(key), "what is there is left alone");
  });

  await t.test("an archive that a store may still be making is waited for", async (t) => {
    const bench = setUp(t, s3.settings(await s3.newBucket()));
    const { it, ledger, key, time, services, storeNow, cutOff } = bench;
    const written = await storeNow("one");
    await it.remove(key);
    cutOff("j1", written);
    const address = { kind: "s3", bucket: "b" } as const;
    const leftover = {
      kind: "multipart",
      key,
      uploadId: "u",
      ...(written.mark ? { mark: written.mark } : {}),
    } as const;
    ledger.leftovers.add("j1", { kind: "upload", store: address, leftover }, 1);
    time.advance(3_600_000);
    await settleCompletions(services, signal);
    t.ok(ledger.completions.get("j1"), "its upload is there, and may be completed yet");
    ledger.leftovers.remove("j1", { kind: "upload", store: address, leftover });
    await settleCompletions(services, signal);
    t.notOk(ledger.completions.get("j1"));
    cutOff("j2", written);
    await settleCompletions(services, signal);
    t.ok(ledger.completions.get("j2"), "the store may be carrying out what it was sent just now");
    time.advance(10_000);
    await settleCompletions(services, signal);
    t.notOk(ledger.completions.get("j2"));
    t.match(ledger.jobs.get("j2"), { state: "interrupted" });
  });
}
