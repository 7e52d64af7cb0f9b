import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import t from "tap";
import { DEFAULT_LIMITS } from "../archive/format.js";
import { BackupError } from "../errors.js";
import { ended, servicesBench, withThreads } from "../test-support/services-bench.js";
import type { StoreAddress } from "./types.js";
import type { Services } from "./services.js";
import { UnfinishedUploads } from "./unfinished-uploads.js";

/** An ended job that had noted an archive as about to be visible. */
function cutOff(
  { ledger, host, destinations }: Services,
  store: StoreAddress,
  key: string,
  mark?: string,
): void {
  const job = { type: "backup", tenant: "acme", trigger: "api", actor: "admin", request: {} } as const;
  ledger.jobs.insert({ ...job, id: "j1", state: "queued", createdAt: 1, warnings: [] });
  ledger.jobs.end({ id: "j1", state: "interrupted", finishedAt: 2, warnings: [] });
  const { location } = destinations.source(key);
  const totals = {
    entries: 1,
    files: 1,
    directories: 0,
    symlinks: 0,
    contentBytes: 1,
    segments: 3,
    tarBytes: 1,
  };
  const archive = {
    ...{
      id: "a1",
      jobId: "j1",
      tenant: "acme",
      tenantUid: "u1",
      location,
      storeKind: store.kind,
      key,
      totals,
    },
    ...{ endpoint: "", bucket: "", size: 1, indexSha256: "0", formatVersion: 1, createdAt: 1 },
    state: "good",
    checkedAt: 1,
  } as const;
  const completion = { store, mark, limits: DEFAULT_LIMITS, archive, result: {}, warnings: [] };
  ledger.completions.put("j1", completion, host.clock.now());
}

const nothing = { type: "backup", tenant: "beta", trigger: "api", actor: "admin", request: {} } as const;

t.test("what a failing job has left open is looked into at once, not only at the next start", async (t) => {
  const { services, time } = await servicesBench(t);
  const uploads = new UnfinishedUploads(services, time.timer);
  cutOff(services, { kind: "local" }, join(services.host.paths.backups, "a.tar.zst"));
  await ended(services, { ...nothing, run: () => Promise.resolve({ result: {} }) });
  while (services.ledger.completions.get("j1") !== undefined) await setImmediate();
  t.match(services.ledger.jobs.get("j1"), { state: "interrupted" }, "its archive is not there");
  await uploads.stop(new Error("The test ends."));
});

t.test("what a store may still be making is looked at again by itself", async (t) => {
  const { services, time } = await servicesBench(t);
  let looks = 0;
  const absent = withThreads(services, () => {
    looks += 1;
    return { found: "nothing" };
  });
  const uploads = new UnfinishedUploads(absent, time.timer);
  cutOff(services, { kind: "s3", bucket: "archive" }, "s3://archive/a.tar.zst");
  await uploads.lookAfter();
  t.ok(services.ledger.completions.get("j1"), "it may come yet");
  const before = looks;
  time.advance(10_000);
  while (services.ledger.completions.get("j1") !== undefined) await setImmediate();
  t.equal(looks, before + 1);
  await uploads.stop(new Error("The test ends."));
  time.advance(3_600_000);
  t.equal(looks, before + 1, "nothing is looked at after the end");
});

t.test("an upload that a job takes away at its end leaves nothing open", async (t) => {
  const { services, time } = await servicesBench(t);
  const { ledger } = services;
  const absent = withThreads(services, () => ({ found: "nothing" }));
  const uploads = new UnfinishedUploads(absent, time.timer);
  const store = { kind: "s3", bucket: "archive" } as const;
  cutOff(services, store, "s3://archive/a.tar.zst", "m1");
  const upload = { kind: "multipart", key: "a.tar.zst", uploadId: "u1", mark: "m1" } as const;
  const leftover = { kind: "upload", store, namedAt: 1, leftover: upload } as const;
  ledger.leftovers.add("j1", leftover, 1);
  await ended(services, { ...nothing, run: () => Promise.resolve({ result: {} }) });
  await setImmediate();
  t.ok(ledger.completions.get("j1"), "while it is there, so may its archive be");
  ledger.leftovers.remove("j1", leftover);
  while (ledger.completions.get("j1") !== undefined) {
    time.advance(10_000);
    await setImmediate();
  }
  await uploads.stop(new Error("The test ends."));
});

t.test("a stop ends the looking before anything is continued or taken away", async (t) => {
  const { services, time } = await servicesBench(t);
  const { ledger, host } = services;
  const path = join(host.paths.backup, "tmp", "j1");
  mkdirSync(path, { recursive: true });
  cutOff(services, { kind: "local" }, join(host.paths.backups, "a.tar.zst"));
  ledger.leftovers.add("j1", { kind: "directory", path }, 1);
  const uploads = new UnfinishedUploads(services, time.timer);
  const looking = uploads.lookAfter();
  await uploads.stop(new BackupError("SHUTTING_DOWN", "The gateway is stopping."));
  await looking;
  t.ok(ledger.completions.get("j1"));
  t.match(ledger.leftovers.ofJob("j1"), [{ leftover: { path } }]);
});

t.test("a set of the gateway's that a store may still be writing is looked at again", async (t) => {
  const { services, time } = await servicesBench(t);
  const { ledger, host } = services;
  const job = { type: "gateway-backup", tenant: "", trigger: "api", actor: "admin", request: {} } as const;
  ledger.jobs.insert({ ...job, id: "j1", state: "queued", createdAt: 1, warnings: [] });
  ledger.jobs.end({ id: "j1", state: "interrupted", finishedAt: 2, warnings: [] });
  ledger.sets.begin({
    ...{ id: "s1", jobId: "j1", kind: "scheduled", createdAt: host.clock.now() },
    ...{ location: "s3://bucket/set/backup.json", key: "set/backup.json" },
    store: { kind: "s3", bucket: "bucket" },
  });
  const empty = withThreads(services, () => undefined);
  const uploads = new UnfinishedUploads(empty, time.timer);
  await uploads.lookAfter();
  t.match(ledger.sets.get("s1"), { state: "writing" });
  time.advance(10_000);
  while (ledger.sets.get("s1")?.state === "writing") await setImmediate();
  t.match(ledger.sets.get("s1"), { state: "deleted" });
  await uploads.stop(new Error("The test ends."));
});
