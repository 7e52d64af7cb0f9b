import Database from "better-sqlite3";
import { execFileSync, spawn } from "node:child_process";
import { hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { LARGE_FILE_BYTES } from "./format.js";
import { readTree } from "./testing/tree.js";
import { writeToMemory } from "./testing/write-to-memory.js";
import type { WrittenArchive } from "./testing/write-to-memory.js";

type JournalMode = "wal" | "delete";

function create(path: string, mode: JournalMode): Database.Database {
  const database = new Database(path, { timeout: 30_000 });
  database.pragma(`journal_mode = ${mode}`);
  database.pragma("synchronous = OFF");
  database.exec("CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB)");
  return database;
}

/** Under a name that SQLite would not take, or beside files that it would remove. */
function createAs(t: Test, path: string | Buffer, mode: JournalMode): void {
  const elsewhere = join(t.testdirName, "../made-elsewhere");
  create(elsewhere, mode).close();
  renameSync(elsewhere, path);
}

function insert(database: Database.Database, n: number): void {
  database.prepare("INSERT INTO t VALUES (?, randomblob(300))").run(n);
}

/** Unpacks a database with GNU tar and asks a process of its own about it. */
function inspectArchived(
  { bytes }: WrittenArchive,
  name: string,
  place: string,
): { check: string; rows: number } {
  const path = join(place, "unpacked.sqlite");
  const tar = execFileSync("zstd", ["-q", "-dc"], { input: bytes, maxBuffer: 1e9 });
  writeFileSync(
    path,
    execFileSync("tar", ["-xOf", "-", `tenants/acme/${name}`], { input: tar, maxBuffer: 1e9 }),
  );
  return inspectFile(path);
}

/** In a process of its own, so that this one's locks stay. */
function inspectFile(path: string): { check: string; rows: number } {
  const source = `
    import Database from ${JSON.stringify(import.meta.resolve("better-sqlite3"))};
    const d = new Database(${JSON.stringify(path)}, { fileMustExist: true, timeout: 30_000 });
    const check = d.pragma("integrity_check", { simple: true });
    console.log(JSON.stringify({ check, rows: d.prepare("SELECT count(*) FROM t").pluck().get() }));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", source], {
    env: {},
    encoding: "utf8",
  });
  return JSON.parse(output) as { check: string; rows: number };
}

function names({ entries }: WrittenArchive): string[] {
  return entries.filter(({ type }) => type === "file").map(({ path }) => path.slice("tenants/acme/".length));
}

for (const mode of ["wal", "delete"] as const)
  t.test(`no commit is lost while five backups run over an open database (${mode})`, async (t) => {
    const place = t.testdir({ acme: {} });
    const directory = join(place, "acme");
    const path = join(directory, "memory.sqlite");
    const database = create(path, mode);
    let committed = 0;
    const commit = (): void => {
      insert(database, ++committed);
    };
    for (let i = 0; i < 200; i++) commit();
    const timer = setInterval(commit, 3);
    // Another process opens and closes the database all the time: with this process's locks gone it would tidy up.
    const source = `
      import Database from ${JSON.stringify(import.meta.resolve("better-sqlite3"))};
      process.on("disconnect", () => process.exit());
      const visit = () => {
        const d = new Database(${JSON.stringify(path)}, { timeout: 30_000 });
        d.prepare("SELECT count(*) FROM t").get();
        d.close();
        setTimeout(visit, 5);
      };
      visit();
      process.send("ready");`;
    const visitor = spawn(process.execPath, ["--input-type=module", "-e", source], {
      env: {},
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    await once(visitor, "message");
    for (let run = 0; run < 5; run++) {
      const before = committed;
      const archive = await writeToMemory(directory);
      t.match(archive.summary, { databases: 1, warnings: [] });
      const archived = inspectArchived(archive, "memory.sqlite", place);
      t.equal(archived.check, "ok");
      t.ok(
        archived.rows >= before && archived.rows <= committed,
        `${before} <= ${archived.rows} <= ${committed}`,
      );
    }
    clearInterval(timer);
    visitor.kill();
    await once(visitor, "exit");
    t.strictSame(inspectFile(path), { check: "ok", rows: committed });
    database.close();
    t.strictSame(inspectFile(path), { check: "ok", rows: committed });
    t.strictSame(readdirSync(directory), ["memory.sqlite"]);
  });

t.test("the files beside a database are left out, others of such names are not", async (t) => {
  const directory = t.testdir({
    "alone-wal": "x".repeat(512),
    text: "y".repeat(512),
    "text-journal": "z".repeat(512),
    "-wal": "a file may be called so",
  });
  const database = create(join(directory, "m.sqlite"), "wal");
  t.teardown(() => database.close());
  writeFileSync(join(directory, "m.sqlite-journal"), "");
  writeFileSync(join(directory, "m.sqlite-walnut"), "");
  const archive = await writeToMemory(directory);
  t.strictSame(names(archive), ["-wal", "alone-wal", "m.sqlite", "m.sqlite-walnut", "text", "text-journal"]);
  const record = archive.entries.find(({ path }) => path === "tenants/acme/m.sqlite");
  t.strictSame(record?.flags, ["database"]);
});

t.test("the files beside an excluded database are left out with it", async (t) => {
  const directory = t.testdir({ a: "x" });
  const database = create(join(directory, "m.sqlite"), "wal");
  t.teardown(() => database.close());
  t.strictSame(names(await writeToMemory(directory, { exclude: ["*.sqlite"] })), ["a"]);
});

t.test("databases of all sizes come in the order of their paths, and two runs are the same", async (t) => {
  const directory = t.testdir({ sub: {}, b: "between" });
  for (const name of ["a.sqlite", "c.sqlite", "sub/d.sqlite"]) {
    const database = create(join(directory, name), "wal");
    insert(database, 1);
    database.close();
  }
  const large = create(join(directory, "large.sqlite"), "delete");
  large.prepare("INSERT INTO t VALUES (1, randomblob(?))").run(5 * LARGE_FILE_BYTES);
  large.close();
  // Small by itself, large with its WAL.
  const grown = create(join(directory, "grown.sqlite"), "wal");
  grown.pragma("wal_autocheckpoint = 0");
  t.teardown(() => grown.close());
  grown.prepare("INSERT INTO t VALUES (1, randomblob(?))").run(LARGE_FILE_BYTES);
  const first = await writeToMemory(directory);
  t.strictSame(names(first), ["a.sqlite", "b", "c.sqlite", "sub/d.sqlite", "grown.sqlite", "large.sqlite"]);
  t.equal(first.summary.databases, 5);
  const second = await writeToMemory(directory);
  t.strictSame(second.segments, first.segments);
});

t.test("a damaged database fails the backup by its name, or is left out where that is allowed", async (t) => {
  const directory = t.testdir({ a: "x", "m.sqlite": `SQLite format 3\0${"x".repeat(1024 - 16)}` });
  await t.rejects(writeToMemory(directory), {
    code: "DATABASE_UNREADABLE",
    message: /^Tenant acme: database m\.sqlite cannot be read: .*\.$/,
  });
  const archive = await writeToMemory(directory, { allowUnreadable: true });
  t.strictSame(names(archive), ["a"]);
  t.match(archive.summary.warnings, [{ code: "DATABASE_UNREADABLE", path: "m.sqlite" }]);
  t.equal(archive.summary.databases, 0);
});

t.test("files that are only called like the companions of a database are archived", async (t) => {
  const directory = t.testdir({
    // No database beside them.
    "notes-wal": "my notes",
    "notes-shm": "s".repeat(512),
    // No database, but a file of a database's size.
    text: "y".repeat(512),
    "text-wal": "z".repeat(512),
    // A database beside them that would call its companions so.
    "trip-journal": "Day one: we left early.",
    "trip-shm": "s".repeat(100),
  });
  createAs(t, join(directory, "trip"), "wal");
  createAs(t, join(directory, "trip-wal"), "delete");
  const before = readTree(directory);
  const archive = await writeToMemory(directory);
  t.strictSame(names(archive), [
    "notes-shm",
    "notes-wal",
    "text",
    "text-wal",
    "trip",
    "trip-journal",
    "trip-shm",
    "trip-wal",
  ]);
  t.equal(archive.summary.databases, 2);
  t.strictSame(archive.summary.warnings, []);
  t.strictSame(readTree(directory), before);
});

t.test("companions of every state are left out", async (t) => {
  const directory = t.testdir({
    // Not begun; zeroed after a commit (sqlite.org/pragma.html, journal_mode = PERSIST); not synced yet.
    "a.db-journal": "",
    "b.db-journal": Buffer.alloc(512),
    "d.db-journal": Buffer.alloc(1024).fill("x", 12),
    // As who opens a WAL database first leaves it when it dies at once.
    "e.db-shm": Buffer.from("18e22d", "hex"),
    // The journal of a database that is just being made.
    "c.db": "",
    "c.db-journal": Buffer.from("d9d505f920a163d7", "hex"),
  });
  for (const name of ["a.db", "b.db", "d.db"]) createAs(t, join(directory, name), "delete");
  createAs(t, join(directory, "e.db"), "wal");
  const before = readTree(directory);
  t.strictSame(names(await writeToMemory(directory)), ["a.db", "b.db", "c.db", "d.db", "e.db"]);
  t.strictSame(readTree(directory), before);
});

t.test("databases of any name are copied, and links to them stay links", async (t) => {
  const directory = t.testdir({ sub: {} });
  const odd = [
    "with blanks and\nnewline",
    " ",
    "emoji 🗃.sqlite",
    "-wal",
    "x-wal",
    "x-wal-wal",
    "sub/.hidden",
  ];
  for (const name of odd) createAs(t, join(directory, name), "wal");
  createAs(t, Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0xfe])]), "delete");
  symlinkSync("x-wal", join(directory, "linked.sqlite"));
  const archive = await writeToMemory(directory);
  const flagged = archive.entries.filter(({ flags }) => flags.includes("database"));
  t.equal(flagged.length, odd.length + 1);
  t.equal(archive.summary.databases, odd.length + 1);
  t.strictSame(archive.summary.warnings, []);
  const link = archive.entries.find(({ type }) => type === "symlink");
  t.match(link, { path: "tenants/acme/linked.sqlite", target: "x-wal" });
});

t.test("a database that was cut short is known by its name", async (t) => {
  const directory = t.testdir({});
  const path = join(directory, "m.sqlite");
  const database = create(path, "delete");
  insert(database, 1);
  database.close();
  truncateSync(path, 5000);
  await t.rejects(writeToMemory(directory), { code: "DATABASE_UNREADABLE", message: /database m\.sqlite/ });
});

t.test("an encrypted database is archived as it is, small or large", async (t) => {
  const small = randomBytes(4096);
  const large = randomBytes(2 * LARGE_FILE_BYTES);
  const directory = t.testdir({ "small.sqlite": small, large });
  const archive = await writeToMemory(directory);
  t.strictSame(
    archive.entries.filter(({ type }) => type === "file").map(({ sha256, flags }) => ({ sha256, flags })),
    [small, large].map((content) => ({ sha256: hash("sha256", content), flags: [] })),
  );
  t.match(archive.summary, { databases: 0, warnings: [] });
});

t.test("an encrypted database that is written to all the time is archived with a warning", async (t) => {
  const directory = t.testdir({ "m.sqlite": randomBytes(8192) });
  const file = openSync(join(directory, "m.sqlite"), "r+");
  const timer = setInterval(() => writeSync(file, "x", 4096), 5);
  t.teardown(() => {
    clearInterval(timer);
    closeSync(file);
  });
  // On a busy machine this process may rest long enough for a copy.
  let archive = await writeToMemory(directory);
  while (archive.summary.warnings.length === 0) archive = await writeToMemory(directory);
  t.match(archive.summary.warnings, [{ code: "FILE_CHANGED", path: "m.sqlite", message: /encrypted/ }]);
  t.strictSame(archive.entries.find(({ type }) => type === "file")?.flags, ["changed"]);
});

t.test("an encrypted database that is in use is reported, not read", async (t) => {
  const directory = t.testdir({ "m.sqlite": "\x8f".repeat(4096) });
  // sqlite.org/fileformat.html, section 4.1: the WAL's header is not encrypted.
  writeFileSync(join(directory, "m.sqlite-wal"), Buffer.from("377f0682002de218", "hex"));
  await t.rejects(writeToMemory(directory), {
    code: "DATABASE_UNREADABLE",
    message: /m\.sqlite .*encrypted/,
  });
  rmSync(join(directory, "m.sqlite-wal"));
  t.strictSame(names(await writeToMemory(directory)), ["m.sqlite"]);
});

t.test("many files of a database's size that are none are archived", async (t) => {
  const directory = t.testdir({});
  for (let i = 0; i < 600; i++) writeFileSync(join(directory, `f${i}`), Buffer.alloc(512 * (1 + (i % 3)), i));
  const archive = await writeToMemory(directory);
  t.equal(archive.summary.totals.files, 600);
  t.equal(archive.summary.databases, 0);
});

t.test("a directory for copies without room fails the backup", async (t) => {
  const directory = t.testdir({});
  create(join(directory, "m.sqlite"), "delete").close();
  await t.rejects(writeToMemory(directory, { temporaryDirectory: join(directory, "none") }), {
    code: "IO_FAILED",
    message: /copy database m\.sqlite of tenant acme to .*none: ENOENT/,
  });
});
