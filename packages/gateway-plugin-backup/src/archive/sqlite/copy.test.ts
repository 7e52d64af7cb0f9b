import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openRootDirectory } from "../confined.js";
import { rawPath, rawPathFromBytes } from "../raw-path.js";
import { copy, copyInHelper, crash, create, places, rowsOf } from "../testing/databases.js";
import { readTree } from "../testing/tree.js";
import { copyThroughConnection } from "./connection.js";
import { copyDatabase } from "./copy.js";
import { lookAt } from "./database-files.js";

t.test(
  "a WAL database that nobody has open is copied byte for byte, and its directory stays as it was",
  async (t) => {
    const { tenant, copy: target } = places(t);
    create(join(tenant, "m.sqlite"), "wal").close();
    utimesSync(tenant, 1_700_000_000, 1_700_000_000);
    const before = readTree(tenant);
    const answer = await copy(tenant, "m.sqlite", target);
    t.match(answer, {
      kind: "copied",
      size: before["m.sqlite"]?.content?.length,
      mtimeNs: before["m.sqlite"]?.mtimeNs,
    });
    t.strictSame(readTree(tenant), before);
    t.equal(readFileSync(target, "latin1"), before["m.sqlite"]?.content);
    t.strictSame(readdirSync(join(target, "..")), ["copy"]);
  },
);

t.test("a WAL database that this process has open: what stands in the WAL only is in the copy", async (t) => {
  const { tenant, copy: target } = places(t);
  const database = create(join(tenant, "m.sqlite"), "wal", 50);
  t.teardown(() => database.close());
  const before = readdirSync(tenant);
  await copyInHelper(tenant, "m.sqlite", target);
  t.equal(rowsOf(target), 50);
  t.strictSame(readdirSync(tenant), before);
});

t.test("an unchanged database that is open gives the same copy every time", async (t) => {
  const { tenant, copy: target } = places(t);
  const database = create(join(tenant, "m.sqlite"), "wal", 50);
  t.teardown(() => database.close());
  await copyInHelper(tenant, "m.sqlite", target, `${target}2`);
  t.ok(readFileSync(target).equals(readFileSync(`${target}2`)));
});

t.test("the time of a database is the later of its own and its WAL's", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  await crash(`new Database(${JSON.stringify(path)}).exec("INSERT INTO t VALUES (4, NULL)")`);
  utimesSync(path, 1_600_000_000, 1_600_000_000);
  utimesSync(`${path}-wal`, 1_700_000_000, 1_700_000_000);
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied", mtimeNs: 1_700_000_000_000_000_000n });
  utimesSync(path, 1_800_000_000, 1_800_000_000);
  t.match(await copy(tenant, "m.sqlite", `${target}2`), {
    kind: "copied",
    mtimeNs: 1_800_000_000_000_000_000n,
  });
});

t.test("a database in rollback mode is copied, and nothing appears beside it", async (t) => {
  const { tenant, copy: target } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  const before = readTree(tenant);
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied", mtimeNs: before["m.sqlite"]?.mtimeNs });
  t.strictSame(readTree(tenant), before);
  t.equal(rowsOf(target), 3);
});

t.test("what a crash left in WAL and WAL index is in the copy, and both stay where they are", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  await crash(
    `const d = new Database(${JSON.stringify(path)}); d.exec("INSERT INTO t VALUES (4, 'in the WAL')")`,
  );
  t.strictSame(readdirSync(tenant), ["m.sqlite", "m.sqlite-shm", "m.sqlite-wal"]);
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
  t.equal(rowsOf(target), 4);
  t.strictSame(readdirSync(tenant), ["m.sqlite", "m.sqlite-shm", "m.sqlite-wal"]);
});

t.test(
  "a WAL without its index, as a copied directory has it, is in the copy, and nothing changes",
  async (t) => {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    create(path, "wal").close();
    await crash(
      `const d = new Database(${JSON.stringify(path)}); d.exec("INSERT INTO t VALUES (4, 'in the WAL')")`,
    );
    rmSync(`${path}-shm`);
    const before = readTree(tenant);
    t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
    t.equal(rowsOf(target), 4);
    t.strictSame(readTree(tenant), before);
  },
);

t.test("rows that break their CHECK constraint are the tenant's affair", async (t) => {
  const { tenant, copy: target } = places(t);
  const database = create(join(tenant, "m.sqlite"), "delete");
  database.exec(
    "CREATE TABLE c (n INTEGER CHECK (n > 0)); PRAGMA ignore_check_constraints = ON; INSERT INTO c VALUES (-1)",
  );
  database.close();
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
});

t.test("names that are no text, or end in blanks, are copied like others", async (t) => {
  const { tenant, copy: target } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  const odd = Buffer.from([0xff, 0x20, 0x0a]);
  copyFileSync(join(tenant, "m.sqlite"), Buffer.concat([Buffer.from(`${tenant}/`), odd]));
  rmSync(join(tenant, "m.sqlite"));
  const directory = openRootDirectory(tenant);
  t.match(await copyDatabase(directory, rawPathFromBytes(odd), target), { kind: "copied" });
  closeSync(directory);
  t.equal(rowsOf(target), 3);
});

t.test("what is gone, or no database any more, is told apart", async (t) => {
  const { tenant, copy: target } = places(t);
  writeFileSync(join(tenant, "text"), "x".repeat(512));
  mkdirSync(join(tenant, "directory"));
  t.strictSame(await copy(tenant, "none", target), { kind: "gone" });
  t.strictSame(await copy(tenant, "directory", target), { kind: "gone" });
  t.strictSame(await copy(tenant, "text", target), { kind: "plain" });
});

t.test("a directory for copies that cannot be written is not the database's fault", async (t) => {
  const { tenant, copy: target } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  t.match(await copy(tenant, "m.sqlite", `${target}/none/copy`), { kind: "no-room", code: "ENOENT" });
  const handle = openRootDirectory(tenant);
  t.teardown(() => closeSync(handle));
  const files = lookAt(handle, rawPath("m.sqlite"));
  if (files === undefined) throw new Error("there is no database");
  t.match(await copyThroughConnection(files, `${target}/none/copy`, 0), { kind: "no-room", code: "ENOENT" });
});

t.test("a database that was replaced after it was looked at is not copied in its place", async (t) => {
  const { tenant, copy: target } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  create(join(tenant, "foreign"), "delete", 9).close();
  const directory = openRootDirectory(tenant);
  t.teardown(() => {
    closeSync(directory);
  });
  const files = lookAt(directory, rawPath("m.sqlite"));
  if (files === undefined) throw new Error("The database is not there.");
  renameSync(join(tenant, "foreign"), join(tenant, "m.sqlite"));
  t.match(await copyThroughConnection(files, target, 100), { kind: "again" });
  t.notOk(existsSync(target));
});

t.test("a reader that comes just after the last program left changes neither database nor WAL", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  const before = readFileSync(path);
  const directory = openRootDirectory(tenant);
  t.teardown(() => {
    closeSync(directory);
  });
  // As if the last program had closed the database just after its companions were seen.
  const files = lookAt(directory, rawPath("m.sqlite"));
  if (files === undefined) throw new Error("The database is not there.");
  t.match(await copyThroughConnection(files, target, 100), { kind: "copied" });
  t.ok(readFileSync(path).equals(before));
  t.equal(readFileSync(`${path}-wal`).length, 0);
  t.equal(rowsOf(path), 3);
  t.strictSame(readdirSync(tenant), ["m.sqlite"], "the next program to close it tidies up");
});
