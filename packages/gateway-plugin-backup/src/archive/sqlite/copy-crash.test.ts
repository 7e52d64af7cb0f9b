import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { copy, crash, create, places, rowsOf } from "../testing/databases.js";
import { readTree } from "../testing/tree.js";

/** A database of three rows in rollback mode whose program died in the middle of a commit; a path for its copy. */
async function crashedCommit(t: Test): Promise<{ tenant: string; path: string; copy: string }> {
  const { tenant, copy } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  // A cache of one page makes SQLite write to the database in the middle of the transaction.
  await crash(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("cache_size = 1"); d.exec("BEGIN");` +
      `for (let n = 4; n < 500; n++) d.prepare("INSERT INTO t VALUES (?, randomblob(4000))").run(n)`,
  );
  return { tenant, path, copy };
}

t.test(
  "a commit that a crash interrupted is rolled back in the copy, not in the tenant's files",
  async (t) => {
    const { tenant, copy: target } = await crashedCommit(t);
    const before = readTree(tenant);
    t.ok(before["m.sqlite-journal"]);
    t.match(await copy(tenant, "m.sqlite", target), { kind: "copied", checked: true });
    t.equal(rowsOf(target), 3);
    t.strictSame(readTree(tenant), before);
  },
);

t.test("a journal cannot have a file deleted that lies elsewhere", async (t) => {
  const { tenant, path, copy: target } = await crashedCommit(t);
  const victim = join(tenant, "../victim");
  writeFileSync(victim, "somebody else's");
  // sqlite.org/fileformat.html, section 3: a journal of a commit to several databases ends with the super-journal's name.
  const name = Buffer.from(victim);
  const pageNumber = uint32(2 ** 30 / 4096 + 1);
  const checksum = uint32(name.reduce((sum, byte) => sum + byte, 0));
  const magic = Buffer.from("d9d505f920a163d7", "hex");
  const journal = readFileSync(`${path}-journal`);
  const named = Buffer.concat([journal, pageNumber, name, uint32(name.length), checksum, magic]);
  writeFileSync(`${path}-journal`, named);
  t.match(await copy(tenant, "m.sqlite", target, 1000), {
    kind: "unreadable",
    reason: /in the middle of a commit to several databases/,
  });
  t.ok(existsSync(victim));
  t.notOk(existsSync(target) || existsSync(`${target}-journal`));
});

t.test("a journal that is kept after each commit is not taken for one of a crash", async (t) => {
  for (const mode of ["persist", "truncate"]) {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    create(path, "delete").close();
    await crash(
      `const d = new Database(${JSON.stringify(path)}); d.pragma("journal_mode = ${mode}");` +
        `d.exec("INSERT INTO t VALUES (4, NULL)")`,
    );
    t.ok(existsSync(`${path}-journal`));
    const before = readTree(tenant);
    t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
    t.equal(rowsOf(target), 4);
    t.strictSame(readTree(tenant), before);
  }
});

t.test("a WAL of older days beside a database that is not in WAL mode is left alone", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  await crash(`const d = new Database(${JSON.stringify(path)}); d.exec("INSERT INTO t VALUES (4, NULL)")`);
  rmSync(`${path}-shm`);
  renameSync(`${path}-wal`, join(tenant, "kept"));
  const database = create(join(tenant, "other"), "delete", 9);
  database.close();
  renameSync(join(tenant, "other"), path);
  renameSync(join(tenant, "kept"), `${path}-wal`);
  const before = readTree(tenant);
  const answer = await copy(tenant, "m.sqlite", target);
  t.strictSame(readTree(tenant), before);
  t.equal(answer.kind, "copied");
  t.equal(rowsOf(target), 4, "the next program to open it would apply that WAL, too");
});

t.test("a WAL whose end a crash cut off gives the commits before", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  await crash(
    `const d = new Database(${JSON.stringify(path)});` +
      `for (let n = 4; n < 10; n++) d.prepare("INSERT INTO t VALUES (?, NULL)").run(n)`,
  );
  const wal = readFileSync(`${path}-wal`);
  writeFileSync(`${path}-wal`, wal.subarray(0, wal.length - 100));
  rmSync(`${path}-shm`);
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
  t.equal(rowsOf(target), 8);
});

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
