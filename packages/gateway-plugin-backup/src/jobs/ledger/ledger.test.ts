import { copyFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import type { JobRecord } from "../types.js";
import type { ArchiveRecord } from "./archives.js";
import { Ledger } from "./ledger.js";
import { migrate } from "./migrate.js";
import { Statement } from "./statement.js";

function ledgerFile(t: Test): string {
  return path.join(t.testdir(), "backup", "ledger.sqlite");
}

function openLedger(t: Test): Ledger {
  const ledger = Ledger.open(ledgerFile(t));
  t.teardown(() => ledger.close());
  return ledger;
}

function job(id: string, changes: Partial<JobRecord> = {}): JobRecord {
  const record: JobRecord = {
    id,
    type: "backup",
    tenant: "acme",
    trigger: "cli",
    actor: "admin",
    request: { to: "dest:offsite" },
    state: "queued",
    createdAt: 1000,
    warnings: [],
  };
  return { ...record, ...changes };
}

function archive(id: string, changes: Partial<ArchiveRecord> = {}): ArchiveRecord {
  const totals = {
    entries: 1,
    files: 1,
    directories: 0,
    symlinks: 0,
    contentBytes: 1,
    segments: 3,
    tarBytes: 2560,
  };
  const record: ArchiveRecord = {
    id,
    jobId: "j1",
    tenant: "acme",
    tenantUid: "u1",
    location: `s3://b/${id}`,
    storeKind: "s3",
    endpoint: "http://127.0.0.1:9000",
    bucket: "b",
    key: id,
    size: 10,
    etag: "e",
    indexSha256: "0".repeat(64),
    formatVersion: 1,
    createdAt: 1000,
    totals,
    state: "good",
    checkedAt: 1000,
  };
  return { ...record, ...changes };
}

t.test("a new ledger is private to the gateway's user", (t) => {
  const file = ledgerFile(t);
  const ledger = Ledger.open(file);
  ledger.jobs.insert(job("j1"));
  for (const name of readdirSync(path.dirname(file))) {
    t.equal(statSync(path.join(path.dirname(file), name)).mode & 0o777, 0o600, name);
  }
  t.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
  ledger.close();
  t.end();
});

t.test("a ledger keeps what it knows when it is opened again", (t) => {
  const file = ledgerFile(t);
  const first = Ledger.open(file);
  first.jobs.insert(job("j1"));
  first.close();
  const second = Ledger.open(file);
  t.teardown(() => second.close());
  t.same(second.jobs.get("j1"), job("j1"));
  t.end();
});

t.test("a ledger of a newer gateway is refused, and left as it is", (t) => {
  const file = ledgerFile(t);
  Ledger.open(file).close();
  const database = new Database(file);
  database.exec("INSERT INTO schema_migrations (number, name) VALUES (9000, '9000-later.sql')");
  database.close();
  t.throws(() => Ledger.open(file), {
    code: "LEDGER_UNUSABLE",
    message: /schema version 9000/,
    hint: /newer/,
  });
  t.end();
});

t.test("a ledger that cannot be there is refused for what the system says", (t) => {
  const file = path.join(t.testdir({ backup: "a file" }), "backup", "ledger.sqlite");
  t.throws(() => Ledger.open(file), {
    code: "IO_FAILED",
    message: new RegExp(`open the backup ledger ${file}`),
  });
  t.end();
});

t.test("what keeps a ledger from being written is told apart", (t) => {
  const database = new Database(path.join(t.testdir(), "ledger.sqlite"));
  t.teardown(() => database.close());
  database.exec("CREATE TABLE t (a TEXT)");
  const insert = new Statement<{ a: string }>(database, "INSERT INTO t (a) VALUES (@a)");
  database.pragma("max_page_count = 2");
  t.throws(() => insert.run({ a: "x".repeat(100_000) }), { code: "DISK_FULL", hint: /Free space/ });
  database.pragma("query_only = ON");
  t.throws(() => insert.run({ a: "x" }), { code: "READ_ONLY", message: /backup ledger cannot be used/ });
  t.end();
});

t.test("a file that is no ledger is refused with the way out", (t) => {
  const file = path.join(t.testdir(), "ledger.sqlite");
  writeFileSync(file, "not a database, but long enough to look at".repeat(50));
  t.throws(() => Ledger.open(file), {
    code: "LEDGER_UNUSABLE",
    message: new RegExp(file),
    hint: /openclaw doctor --yes/,
  });
  t.end();
});

t.test("later migrations are applied in order, each once, all or none", (t) => {
  const shipped = fileURLToPath(new URL("../../../migrations/", import.meta.url));
  const directory = t.testdir({ "README.md": "not a migration" });
  for (const name of readdirSync(shipped)) copyFileSync(path.join(shipped, name), path.join(directory, name));
  const database = new Database(":memory:");
  t.teardown(() => database.close());
  migrate(database, directory);
  writeFileSync(path.join(directory, "8001-one.sql"), "CREATE TABLE later (a INTEGER);");
  writeFileSync(path.join(directory, "8002-two.sql"), "INSERT INTO later VALUES (1); SELECT broken;");
  t.throws(() => migrate(database, directory), { message: /broken/ });
  t.throws(() => database.prepare("SELECT * FROM later"), { message: /no such table/ });
  writeFileSync(path.join(directory, "8002-two.sql"), "INSERT INTO later VALUES (1);");
  migrate(database, directory);
  migrate(database, directory);
  t.same(database.prepare("SELECT count(*) AS n FROM later").get(), { n: 1 });
  t.end();
});

t.test("a ledger of the first version is brought to this one with all that it holds", (t) => {
  const shipped = fileURLToPath(new URL("../../../migrations/", import.meta.url));
  const directory = t.testdir();
  copyFileSync(path.join(shipped, "0001-initial.sql"), path.join(directory, "0001-initial.sql"));
  const file = path.join(directory, "ledger.sqlite");
  const old = new Database(file);
  migrate(old, directory);
  old.exec(`
    INSERT INTO jobs (id, type, tenant, trigger, actor, request_json, state, created_at)
      VALUES ('j1', 'backup', 'acme', 'cli', 'admin', '{}', 'succeeded', 1);
    INSERT INTO leftovers (job_id, leftover_json, created_at) VALUES ('j1', '{"kind":"directory","path":"/x"}', 1);
    INSERT INTO archives VALUES (7, 'a1', 'j1', 'acme', 'u1', '/b/a', 'local', '', '', '/b/a', 1, 'e', 'i', 1, 1, '{}', 'good');
  `);
  old.close();
  const ledger = Ledger.open(file);
  t.teardown(() => ledger.close());
  t.match(ledger.jobs.get("j1"), { type: "backup", state: "succeeded" });
  t.match(ledger.leftovers.ofJob("j1"), [{ jobId: "j1" }]);
  ledger.archives.add(archive("a2"));
  t.match(ledger.archives.list({ limit: 10 }), [{ id: "a2" }, { id: "a1", state: "good" }]);
  ledger.jobs.insert(job("j2", { type: "prune" }));
  t.throws(() => ledger.archives.add(archive("a3", { jobId: "nobody" })), { code: "LEDGER_UNUSABLE" });
  t.end();
});

t.test("a migration that would leave references to nothing is refused as a whole", (t) => {
  const shipped = fileURLToPath(new URL("../../../migrations/", import.meta.url));
  const directory = t.testdir();
  for (const name of readdirSync(shipped)) copyFileSync(path.join(shipped, name), path.join(directory, name));
  const database = new Database(":memory:");
  t.teardown(() => database.close());
  migrate(database, directory);
  database.exec(`
    INSERT INTO jobs (id, type, tenant, trigger, actor, request_json, state, created_at)
      VALUES ('j1', 'backup', 'acme', 'cli', 'admin', '{}', 'queued', 1);
    INSERT INTO leftovers (job_id, leftover_json, created_at) VALUES ('j1', '{}', 1);
  `);
  writeFileSync(path.join(directory, "8001-forgetful.sql"), "DELETE FROM jobs;");
  t.throws(() => migrate(database, directory), { code: "LEDGER_UNUSABLE", message: /leftovers/ });
  t.same(database.prepare("SELECT count(*) AS n FROM jobs").get(), { n: 1 });
  t.end();
});

t.test("a job is noted from its queueing to its end", (t) => {
  const { jobs } = openLedger(t);
  jobs.insert(job("j1", { tenantUid: "u1" }));
  jobs.start("j1", 2000, undefined);
  t.match(jobs.get("j1"), { state: "running", startedAt: 2000, tenantUid: "u1" });
  const warnings = [{ code: "FILE_CHANGED", path: "a", message: "It changed." }];
  jobs.end({
    id: "j1",
    state: "succeeded",
    finishedAt: 3000,
    tenantUid: "u2",
    result: { size: 1 },
    warnings,
    log: [{ at: 2000, phase: "scan" }],
  });
  t.same(
    jobs.get("j1"),
    job("j1", {
      state: "succeeded",
      startedAt: 2000,
      finishedAt: 3000,
      tenantUid: "u2",
      result: { size: 1 },
      warnings,
      log: [{ at: 2000, phase: "scan" }],
    }),
  );
  t.equal(jobs.get("j2"), undefined);
  t.end();
});

t.test("jobs are listed newest first, by tenant and state", (t) => {
  const { jobs } = openLedger(t);
  jobs.insert(job("j1"));
  jobs.insert(job("j2", { tenant: "beta" }));
  jobs.insert(job("j3"));
  jobs.start("j3", 2000, undefined);
  const ids = (filter: Parameters<typeof jobs.list>[0]): string[] => jobs.list(filter).map(({ id }) => id);
  t.same(ids({ limit: 10 }), ["j3", "j2", "j1"]);
  t.same(ids({ limit: 2 }), ["j3", "j2"]);
  t.same(ids({ tenant: "acme", limit: 10 }), ["j3", "j1"]);
  t.same(ids({ state: "queued", limit: 10 }), ["j2", "j1"]);
  t.same(ids({ tenant: "acme", state: "running", limit: 10 }), ["j3"]);
  t.same(
    jobs.open().map(({ id }) => id),
    ["j1", "j2", "j3"],
  );
  t.end();
});

t.test("a transaction that throws changes nothing", (t) => {
  const ledger = openLedger(t);
  t.throws(
    () =>
      ledger.transaction(() => {
        ledger.jobs.insert(job("j1"));
        ledger.transaction(() => ledger.jobs.insert(job("j2")));
        throw new BackupError("STORE_FAILED", "no");
      }),
    { code: "STORE_FAILED" },
  );
  t.same(ledger.jobs.open(), []);
  t.end();
});

t.test("what SQLite refuses is the ledger's error", (t) => {
  const { leftovers } = openLedger(t);
  t.throws(() => leftovers.add("nobody", { kind: "directory", path: "/x" }, 1), { code: "LEDGER_UNUSABLE" });
  t.end();
});

t.test("archives are listed in the order in which they were added, whatever their clock said", (t) => {
  const ledger = openLedger(t);
  ledger.jobs.insert(job("j1"));
  ledger.archives.add(archive("late", { createdAt: 9000 }));
  ledger.archives.add(archive("early", { createdAt: 1000 }));
  ledger.archives.add(archive("earlier-tenant", { tenantUid: "u0" }));
  ledger.archives.add(archive("other", { tenant: "beta" }));
  const ids = (filter: Parameters<typeof ledger.archives.list>[0]): string[] =>
    ledger.archives.list(filter).map(({ id }) => id);
  t.same(ids({ limit: 10 }), ["other", "earlier-tenant", "early", "late"]);
  t.same(ids({ tenant: "acme", limit: 2 }), ["earlier-tenant", "early"]);
  t.same(ids({ tenant: "acme", tenantUid: "u1", limit: 10 }), ["early", "late"]);
  t.same(ledger.archives.get("late"), archive("late", { createdAt: 9000 }));
  t.equal(ledger.archives.get("none"), undefined);
  t.end();
});

t.test("an archive that was overwritten is marked as deleted; its namesake in another bucket is not", (t) => {
  const { jobs, archives } = openLedger(t);
  jobs.insert(job("j1"));
  archives.add(archive("a1", { key: "same" }));
  archives.add(archive("a2", { key: "same", bucket: "other" }));
  archives.add(archive("a3", { key: "same" }));
  t.same(
    archives.list({ all: true, limit: 10 }).map(({ id, state }) => [id, state]),
    [
      ["a3", "good"],
      ["a2", "good"],
      ["a1", "deleted"],
    ],
  );
  t.same(
    archives.list({ limit: 10 }).map(({ id }) => id),
    ["a3", "a2"],
    "it is listed only if that is asked for",
  );
  t.end();
});

t.test("an archive that is lost, or going, is not the newest good one", (t) => {
  const { jobs, archives } = openLedger(t);
  jobs.insert(job("j1"));
  for (const id of ["a1", "a2", "a3"]) archives.add(archive(id));
  t.equal(archives.newest("acme", "u1")?.id, "a3");
  archives.setLost("a3", 5);
  archives.beginRemoval("a2", 6);
  t.equal(archives.newest("acme", "u1")?.id, "a1");
  t.notOk(archives.hasGoodBeside(archive("a1")));
  t.match(archives.removing(), [{ id: "a2", removingAt: 6 }]);
  archives.setLost("a3", undefined);
  archives.giveUpRemoval("a2");
  t.same(archives.get("a2"), archive("a2"));
  t.ok(archives.hasGoodBeside(archive("a1")));
  archives.endRemoval("a2");
  t.same(
    archives.ofTenant("acme", "u1").map(({ id }) => id),
    ["a3", "a1"],
  );
  t.same(archives.atLocation("s3://b/a2"), []);
  t.same(archives.removing(), []);
  t.end();
});

t.test("a pin stays until it is taken off", (t) => {
  const { jobs, archives } = openLedger(t);
  jobs.insert(job("j1"));
  archives.add(archive("a1"));
  archives.setPinned("a1", 7);
  t.equal(archives.get("a1")?.pinnedAt, 7);
  archives.setPinned("a1", undefined);
  t.same(archives.get("a1"), archive("a1"));
  t.end();
});

t.test("a leftover is found by its content, and carries no more than its fields", (t) => {
  const { jobs, leftovers } = openLedger(t);
  jobs.insert(job("j1"));
  const store = { kind: "s3" as const, bucket: "b", endpoint: "http://s", secretAccessKey: "hush" };
  const leftover = { kind: "multipart" as const, key: "k", uploadId: "1" };
  leftovers.add("j1", { kind: "upload", store, leftover }, 1);
  leftovers.add("j1", { kind: "upload", store: { ...store }, leftover }, 2);
  const [noted, ...more] = leftovers.ofJob("j1");
  t.same(noted?.leftover, {
    kind: "upload",
    store: { kind: "s3", bucket: "b", endpoint: "http://s" },
    leftover,
  });
  t.same(more, [], "the same leftover stands once");
  leftovers.remove("j1", { leftover, store, kind: "upload" });
  t.same(leftovers.ofJob("j1"), []);
  t.end();
});

t.test("leftovers of jobs that still run are not offered for clearing", (t) => {
  const { jobs, leftovers } = openLedger(t);
  jobs.insert(job("j1"));
  jobs.insert(job("j2"));
  leftovers.add("j1", { kind: "directory", path: "/s/j1" }, 1);
  leftovers.add("j2", { kind: "directory", path: "/s/j2" }, 1);
  jobs.end({ id: "j2", state: "failed", finishedAt: 2, warnings: [] });
  t.match(leftovers.ofEndedJobs(), [{ jobId: "j2", leftover: { path: "/s/j2" } }]);
  t.end();
});

t.test("every kind of leftover is noted by its own fields, and forgotten by them", (t) => {
  const { jobs, leftovers } = openLedger(t);
  jobs.insert(job("j1"));
  const store = { kind: "local" } as const;
  for (const leftover of [
    { kind: "begun", key: "k" },
    { kind: "probe", key: "k" },
    { kind: "partial-file", path: "/b/k" },
    { kind: "multipart", key: "k", uploadId: "u" },
  ] as const) {
    leftovers.add("j1", { kind: "upload", store, leftover }, 1);
    t.match(leftovers.ofJob("j1"), [{ leftover: { leftover } }]);
    leftovers.remove("j1", { kind: "upload", store, leftover });
    t.same(leftovers.ofJob("j1"), []);
  }
  t.end();
});

t.test("a ledger is copied while it is written to, into a file of its own", async (t) => {
  const ledger = openLedger(t);
  ledger.jobs.insert(job("j1"));
  const copy = path.join(t.testdirName, "copy.sqlite");
  await ledger.copyTo(copy);
  t.equal(statSync(copy).mode & 0o777, 0o600);
  const copied = new Database(copy);
  t.strictSame(copied.prepare("SELECT id FROM jobs").pluck().all(), ["j1"]);
  copied.close();
  await t.rejects(ledger.copyTo(copy), { code: "IO_FAILED", message: /copy the backup ledger to/ });
});
