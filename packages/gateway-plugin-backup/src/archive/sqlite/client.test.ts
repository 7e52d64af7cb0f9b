import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rawPath } from "../raw-path.js";
import { create, places } from "../testing/databases.js";
import { SqliteHelper } from "./client.js";
import type { CopyAnswer, Verdict } from "./protocol.js";

/** A database whose check computes for minutes. */
function createSlow(path: string): void {
  const database = create(path, "delete", 0);
  for (let n = 0; n < 2000; n++) database.prepare("INSERT INTO t VALUES (?, NULL)").run(n);
  database.unsafeMode(true);
  database.pragma("writable_schema = ON");
  database.exec(`UPDATE sqlite_schema SET sql = 'CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB,
    slow TEXT NOT NULL AS (hex(zeroblob(20000000 + n))))' WHERE name = 't'`);
  database.close();
}

function ask(helper: SqliteHelper, name: string, copy: string): Promise<readonly Verdict[] | CopyAnswer> {
  return helper.call({ method: "copy", request: { directory: rawPath(""), name: rawPath(name), copy } });
}

t.test("a check that takes too long is given up, and the databases behind are copied", async (t) => {
  const { tenant, copy } = places(t);
  createSlow(join(tenant, "slow.sqlite"));
  create(join(tenant, "m.sqlite"), "delete").close();
  const asked: number[] = [];
  const helper = new SqliteHelper(tenant, "Tenant acme", (bytes) => {
    asked.push(bytes);
    return asked.length === 1 ? 50 : 60_000;
  });
  t.teardown(() => {
    helper.stop();
  });
  const [slow, behind] = await Promise.all([
    ask(helper, "slow.sqlite", copy),
    ask(helper, "m.sqlite", `${copy}2`),
  ]);
  t.strictSame(slow, {
    kind: "unreadable",
    reason: "the check of its copy took longer than 0.05 seconds",
  });
  t.match(behind, { kind: "copied", checked: true });
  t.strictSame(asked, [readFileSync(join(tenant, "slow.sqlite")).length, 8192]);
  t.notOk(existsSync(copy));
});

t.test("a job that is cancelled does not wait for a check", async (t) => {
  const { tenant, copy } = places(t);
  createSlow(join(tenant, "slow.sqlite"));
  const helper = new SqliteHelper(tenant, "Tenant acme", () => {
    setImmediate(() => {
      helper.stop();
    });
    return 60_000;
  });
  await t.rejects(ask(helper, "slow.sqlite", copy), {
    code: "JOB_THREAD_FAILED",
    message: /the job has ended/,
  });
  await t.rejects(ask(helper, "slow.sqlite", copy), {
    code: "JOB_THREAD_FAILED",
    message: /the job has ended/,
  });
});

t.test("a database that the process dies of is reported, and the ones behind are copied", async (t) => {
  const { tenant, copy } = places(t);
  createSlow(join(tenant, "slow.sqlite"));
  create(join(tenant, "m.sqlite"), "delete").close();
  let checks = 0;
  const helper = new SqliteHelper(tenant, "Tenant acme", () => {
    if (checks++ === 0) process.kill(onlyChild(), "SIGSEGV");
    return 60_000;
  });
  t.teardown(() => {
    helper.stop();
  });
  const answers = await Promise.all([ask(helper, "slow.sqlite", copy), ask(helper, "m.sqlite", `${copy}2`)]);
  t.match(answers, [
    { kind: "unreadable", reason: "the process that copied it was ended by SIGSEGV" },
    { kind: "copied" },
  ]);
});

t.test("a helper process that cannot start is an error that names the tenant", async (t) => {
  const helper = new SqliteHelper(join(t.testdir({}), "none"), "Tenant acme");
  await t.rejects(ask(helper, "m.sqlite", "unused"), {
    code: "JOB_THREAD_FAILED",
    message: /^Tenant acme: the helper process that copies databases is gone: it exited with code 1\.$/,
  });
});

/** The process id of the one child that this process has. */
function onlyChild(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
  if (children.length !== 1) throw new Error(`${children.length} children`);
  return Number(children[0]);
}
