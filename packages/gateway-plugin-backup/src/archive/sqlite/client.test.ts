import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { rawPath } from "../raw-path.js";
import type { RawPath } from "../raw-path.js";
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

/** Stopped when the test ends, which waits for its process to be gone. */
function startHelper(t: Test, tenant: string, limitMs?: (bytes: number) => number): SqliteHelper {
  const helper = new SqliteHelper(tenant, "Tenant acme", limitMs);
  t.teardown(async () => {
    helper.stop();
    await untilGone(...children());
  });
  return helper;
}

function ask(helper: SqliteHelper, name: string, copy: string): Promise<readonly Verdict[] | CopyAnswer> {
  return helper.call({ method: "copy", request: { directory: rawPath(""), name: rawPath(name), copy } });
}

t.test("a check that takes too long is given up, and the databases behind are copied", async (t) => {
  const { tenant, copy } = places(t);
  createSlow(join(tenant, "slow.sqlite"));
  create(join(tenant, "m.sqlite"), "delete").close();
  const asked: number[] = [];
  const helper = startHelper(t, tenant, (bytes) => {
    asked.push(bytes);
    return asked.length === 1 ? 50 : 60_000;
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
  const helper = startHelper(t, tenant, () => {
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
  const helper = startHelper(t, tenant, () => {
    if (checks++ === 0) process.kill(onlyChild(), "SIGSEGV");
    return 60_000;
  });
  const answers = await Promise.all([ask(helper, "slow.sqlite", copy), ask(helper, "m.sqlite", `${copy}2`)]);
  t.match(answers, [
    { kind: "unreadable", reason: "the process that copied it was ended by SIGSEGV" },
    { kind: "copied" },
  ]);
});

t.test("a helper process that cannot start is an error that names the tenant", async (t) => {
  const helper = startHelper(t, join(t.testdir({}), "none"));
  await t.rejects(ask(helper, "m.sqlite", "unused"), {
    code: "JOB_THREAD_FAILED",
    message: /^Tenant acme: the helper process that copies databases is gone: it exited with code 1\.$/,
  });
});

t.test("what is in a directory that has gone is gone, and what is asked next is answered", async (t) => {
  const { tenant, copy } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  const helper = startHelper(t, tenant);
  const [gone, directory, name] = ["gone", "", "m.sqlite"].map(rawPath) as [RawPath, RawPath, RawPath];
  const inspected = await helper.call({
    method: "inspect",
    request: { directory: gone, names: [name, name] },
  });
  t.strictSame(inspected, Array(2).fill({ kind: "gone", identity: "" }));
  t.strictSame(await helper.call({ method: "copy", request: { directory: gone, name, copy } }), {
    kind: "gone",
  });
  t.match(await helper.call({ method: "inspect", request: { directory, names: [name] } }), [
    { kind: "database" },
  ]);
});

t.test("a helper process that dies while it inspects is an error", async (t) => {
  const { tenant } = places(t);
  const helper = startHelper(t, tenant);
  const asked = helper.call({ method: "inspect", request: { directory: rawPath(""), names: [] } });
  process.kill(onlyChild(), "SIGKILL");
  await t.rejects(asked, {
    code: "JOB_THREAD_FAILED",
    message: /^Tenant acme: .* is gone: it was ended by SIGKILL\.$/,
  });
  helper.stop();
});

t.test(
  "a helper process that dies while it rests is started anew, and so is one that died of the last copy",
  async (t) => {
    const { tenant, copy } = places(t);
    create(join(tenant, "m.sqlite"), "delete").close();
    const helper = startHelper(t, tenant);
    t.teardown(() => {
      helper.stop();
    });
    t.match(await ask(helper, "m.sqlite", copy), { kind: "copied" });
    const first = onlyChild();
    process.kill(first, "SIGKILL");
    await untilGone(first);
    const asked = ask(helper, "m.sqlite", `${copy}2`);
    const second = onlyChild();
    t.not(second, first);
    process.kill(second, "SIGKILL");
    t.match(await asked, { kind: "unreadable", reason: /ended by SIGKILL/ });
    t.match(await ask(helper, "m.sqlite", `${copy}3`), { kind: "copied" });
  },
);

t.test("a helper process that rests ends by itself when the job does", async (t) => {
  const { tenant, copy } = places(t);
  const helper = startHelper(t, tenant);
  t.strictSame(await ask(helper, "none", copy), { kind: "gone" });
  const child = onlyChild();
  helper.stop();
  helper.stop();
  await untilGone(child);
});

t.test(
  "a helper process that is prepared takes the first call, and is none of a job that has ended",
  async (t) => {
    const { tenant, copy } = places(t);
    const helper = startHelper(t, tenant);
    helper.prepare();
    const child = onlyChild();
    helper.prepare();
    t.strictSame(await ask(helper, "none", copy), { kind: "gone" });
    t.equal(onlyChild(), child);
    helper.stop();
    await untilGone(child);
    helper.prepare();
    t.strictSame(children(), []);
  },
);

t.test("a program that cannot be started is an error", async (t) => {
  const { tenant, copy } = places(t);
  t.intercept(process, "execPath", { value: join(tenant, "no-such-program") });
  const helper = startHelper(t, tenant);
  await t.rejects(ask(helper, "m.sqlite", copy), { code: "JOB_THREAD_FAILED", message: /ENOENT/ });
  helper.stop();
});

function children(): number[] {
  const ids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim();
  return ids === "" ? [] : ids.split(" ").map(Number);
}

/** The process id of the one child that this process has. */
function onlyChild(): number {
  const [child, ...others] = children();
  if (child === undefined || others.length > 0) throw new Error("There is not one child.");
  return child;
}

/** Resolves when this process has taken note that these children of it have ended. */
async function untilGone(...children: readonly number[]): Promise<void> {
  while (children.some((child) => existsSync(`/proc/${child}`)))
    await new Promise((resolve) => setImmediate(resolve));
}
