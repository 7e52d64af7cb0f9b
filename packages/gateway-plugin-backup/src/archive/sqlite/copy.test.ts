import Database from "better-sqlite3";
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import t from "tap";
import type { Test } from "tap";
import { openRootDirectory } from "../confined.js";
import { rawPath, rawPathFromBytes } from "../raw-path.js";
import { readTree } from "../testing/tree.js";
import { SqliteHelper } from "./client.js";
import { copyThroughConnection } from "./connection.js";
import { copyDatabase } from "./copy.js";
import { lookAt } from "./database-files.js";
import type { CopyAnswer } from "./protocol.js";

/** Two directories: one of the tenant, one for copies. */
function places(t: Test): { tenant: string; copy: string } {
  const place = t.testdir({ tenant: {}, copies: {} });
  return { tenant: join(place, "tenant"), copy: join(place, "copies/copy") };
}

/** For databases that this process has not open: its own locks on them would be dropped. */
async function copy(tenant: string, name: string, target: string, patienceMs?: number): Promise<CopyAnswer> {
  const directory = openRootDirectory(tenant);
  try {
    return await copyDatabase(directory, rawPath(name), target, patienceMs);
  } finally {
    closeSync(directory);
  }
}

/** Copies as a job does. */
async function copyInHelper(tenant: string, name: string, ...targets: string[]): Promise<void> {
  const helper = new SqliteHelper(tenant, "Tenant acme");
  try {
    for (const copy of targets) {
      const request = { directory: rawPath(""), name: rawPath(name), copy };
      const answer = await helper.call({ method: "copy", request });
      if (!("kind" in answer) || answer.kind !== "copied") throw new Error(JSON.stringify(answer));
    }
  } finally {
    helper.stop();
  }
}

function create(path: string, journalMode: "wal" | "delete", rows = 3): Database.Database {
  const database = new Database(path);
  database.pragma(`journal_mode = ${journalMode}`);
  database.pragma("synchronous = OFF");
  database.exec("CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB)");
  for (let n = 1; n <= rows; n++) database.prepare("INSERT INTO t VALUES (?, randomblob(100))").run(n);
  return database;
}

function rowsOf(path: string): number {
  const database = new Database(path, { fileMustExist: true });
  try {
    return database.prepare<[], number>("SELECT count(*) FROM t").pluck().get() ?? -1;
  } finally {
    database.close();
  }
}

/** A process that has run a script and waits: for its standard input to end, or for its own. */
async function running(script: string, atEnd = ""): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const source = `
    import Database from ${JSON.stringify(import.meta.resolve("better-sqlite3"))};
    ${script};
    process.stdin.on("end", () => { ${atEnd} }).resume();
    console.log("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    env: {},
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

/** Runs a script in a process that is then killed: nothing is closed, nothing tidied up. */
async function crash(script: string): Promise<void> {
  const child = await running(script);
  child.kill("SIGKILL");
  await once(child, "exit");
}

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

t.test("a commit that a crash interrupted is rolled back from the hot journal", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  // A cache of one page makes SQLite write to the database in the middle of the transaction.
  await crash(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("cache_size = 1"); d.exec("BEGIN");` +
      `for (let n = 4; n < 500; n++) d.prepare("INSERT INTO t VALUES (?, randomblob(4000))").run(n)`,
  );
  t.ok(existsSync(`${path}-journal`));
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
  t.equal(rowsOf(target), 3);
});

t.test("a database that stays locked is given up, and says why", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  const holder = await running(`new Database(${JSON.stringify(path)}).exec("BEGIN EXCLUSIVE")`);
  t.strictSame(await copy(tenant, "m.sqlite", target, 100), {
    kind: "unreadable",
    reason: "another program keeps it locked, for 0.1 seconds",
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

t.test("a damaged database is refused", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete", 500).close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 8192, 20480);
  writeFileSync(path, bytes);
  t.match(await copy(tenant, "m.sqlite", target), { kind: "unreadable", reason: /damaged|malformed/ });
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 16), Buffer.alloc(1024 - 16, 7)]));
  t.match(await copy(tenant, "m.sqlite", target), { kind: "unreadable" });
  t.notOk(existsSync(target));
});

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

t.test("sidecars that a read-only connection had to make are removed again", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  const directory = openRootDirectory(tenant);
  t.teardown(() => {
    closeSync(directory);
  });
  // As if the last program had closed the database just after its sidecars were seen.
  const files = lookAt(directory, rawPath("m.sqlite"));
  if (files === undefined) throw new Error("The database is not there.");
  t.match(await copyThroughConnection(files, target, 100), { kind: "copied" });
  t.strictSame(readdirSync(tenant), ["m.sqlite"]);
});

t.test("a helper process that cannot start is an error that names the tenant", async (t) => {
  await t.rejects(copyInHelper(join(t.testdir({}), "none"), "m.sqlite", "unused"), {
    code: "JOB_THREAD_FAILED",
    message: /^Tenant acme: the helper process that copies databases is gone: it exited with code 1\.$/,
  });
});
