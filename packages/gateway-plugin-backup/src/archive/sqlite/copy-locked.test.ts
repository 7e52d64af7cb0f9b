import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { copy, copyInHelper, copyInProcess, create, places, rowsOf, running } from "../testing/databases.js";

t.test("a database that stays locked is given up, and says why", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  const holder = await running(`new Database(${JSON.stringify(path)}).exec("BEGIN EXCLUSIVE")`);
  t.strictSame(await copy(tenant, "m.sqlite", target, 100), {
    kind: "unreadable",
    reason: "a program keeps it locked, for 0.1 seconds",
  });
  t.notOk(existsSync(target));
  holder.kill();
});

t.test("a database that is locked for a moment is waited for", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  const holder = await running(
    `const d = new Database(${JSON.stringify(path)}); d.exec("BEGIN EXCLUSIVE; INSERT INTO t VALUES (4, NULL)")`,
    `d.exec("COMMIT")`,
  );
  const copied = copyInHelper(tenant, "m.sqlite", target);
  holder.stdin.end();
  await copied;
  t.equal(rowsOf(target), 4);
});

t.test("a database that the gateway itself keeps locked is given up, too, and its locks stay", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  const database = create(path, "delete");
  database.exec("BEGIN EXCLUSIVE; INSERT INTO t VALUES (4, NULL)");
  t.match(await copyInProcess(tenant, "m.sqlite", target, 100), {
    kind: "unreadable",
    reason: "a program keeps it locked, for 0.1 seconds",
  });
  const other = await running(`
    const d = new Database(${JSON.stringify(path)}, { timeout: 0 });
    try { d.exec("INSERT INTO t VALUES (5, NULL)") } catch (error) { if (error.code !== "SQLITE_BUSY") throw error }`);
  other.kill();
  database.exec("COMMIT");
  database.close();
  t.equal(rowsOf(path), 4);
});

t.test("a database that a program has to itself is given up", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  const holder = await running(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("locking_mode = EXCLUSIVE");` +
      `d.exec("INSERT INTO t VALUES (4, NULL)")`,
  );
  t.teardown(() => holder.kill());
  t.match(await copy(tenant, "m.sqlite", target, 100), {
    kind: "unreadable",
    reason: "a program keeps it locked, for 0.1 seconds",
  });
});

t.test("a database in WAL mode that a program has to itself is not copied while it writes", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  const holder = await running(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("locking_mode = EXCLUSIVE");` +
      `d.pragma("synchronous = OFF"); d.pragma("wal_autocheckpoint = 10");` +
      `const commit = () => { d.exec("INSERT INTO t (filling) VALUES (NULL)"); setImmediate(commit) }; commit()`,
  );
  t.teardown(() => holder.kill());
  // On a busy machine it may rest long enough for a copy, which is a good one then.
  let answer = await copy(tenant, "m.sqlite", target, 100);
  for (let n = 0; answer.kind === "copied"; n++)
    answer = await copy(tenant, "m.sqlite", `${target}${n}`, 100);
  t.strictSame(answer, {
    kind: "unreadable",
    reason: "it keeps being changed while it is copied, for 0.1 seconds",
  });
});

t.test("a database in WAL mode that a program has to itself is copied while it rests", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  const holder = await running(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("locking_mode = EXCLUSIVE");` +
      `d.exec("INSERT INTO t VALUES (4, NULL); BEGIN; INSERT INTO t VALUES (5, NULL)")`,
  );
  t.teardown(() => holder.kill());
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
  t.equal(rowsOf(target), 4);
});

for (const mode of ["delete", "wal"] as const)
  t.test(`a transaction that is still open is not in the copy, and goes on (${mode})`, async (t) => {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    create(path, mode).close();
    const writer = await running(
      `const d = new Database(${JSON.stringify(path)}); d.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (4, NULL)")`,
      `d.exec("COMMIT")`,
    );
    t.match(await copy(tenant, "m.sqlite", target, 1000), { kind: "copied" });
    t.equal(rowsOf(target), 3);
    writer.stdin.end();
    t.strictSame(await once(writer, "exit"), [0, null]);
    t.equal(rowsOf(path), 4);
  });

t.test("a long transaction in WAL mode that has outgrown its cache does not hinder the copy", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  const writer = await running(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("cache_size = 1"); d.exec("BEGIN");` +
      `for (let n = 4; n < 300; n++) d.prepare("INSERT INTO t VALUES (?, randomblob(4000))").run(n)`,
  );
  t.teardown(() => writer.kill());
  t.match(await copy(tenant, "m.sqlite", target, 1000), { kind: "copied" });
  t.equal(rowsOf(target), 3);
});

t.test(
  "a rollback-mode transaction that has outgrown its cache keeps the copy waiting, and is named",
  async (t) => {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    create(path, "delete").close();
    const writer = await running(
      `const d = new Database(${JSON.stringify(path)}); d.pragma("cache_size = 1"); d.exec("BEGIN");` +
        `for (let n = 4; n < 300; n++) d.prepare("INSERT INTO t VALUES (?, randomblob(4000))").run(n)`,
    );
    t.teardown(() => writer.kill());
    t.match(await copy(tenant, "m.sqlite", target, 200), {
      kind: "unreadable",
      reason: "a program keeps it locked, for 0.2 seconds",
    });
  },
);
