import Database from "better-sqlite3";
import { execFileSync } from "node:child_process";
import { closeSync, constants, copyFileSync, mkdirSync, mkdtempSync, openSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { nameIn } from "../confined.js";
import { rawPath } from "../raw-path.js";
import { copy, create, places } from "../testing/databases.js";
import { readTree } from "../testing/tree.js";
import { copyDatabase } from "./copy.js";

type Make = (database: Database.Database) => void;

/** Settings that make a database another one on disk, before its tables. */
const kinds: Readonly<Record<string, Make>> = {
  ...Object.fromEntries(
    [512, 1024, 8192, 65536].map((bytes) => [
      `pages of ${bytes} bytes`,
      (database: Database.Database) => database.pragma(`page_size = ${bytes}`),
    ]),
  ),
  "UTF-16, little-endian": (database) => database.pragma("encoding = 'UTF-16le'"),
  "UTF-16, big-endian": (database) => database.pragma("encoding = 'UTF-16be'"),
  "auto_vacuum = FULL": (database) => database.pragma("auto_vacuum = FULL"),
  "auto_vacuum = INCREMENTAL": (database) => database.pragma("auto_vacuum = INCREMENTAL"),
  "an application's id, as GeoPackage has it": (database) => {
    database.pragma("application_id = 0x47504B47");
    database.pragma("user_version = 10300");
  },
  "a full-text index": (database) => {
    database.exec("CREATE VIRTUAL TABLE f USING fts5(text); INSERT INTO f VALUES ('of many words')");
  },
  "a spatial index": (database) => {
    database.exec("CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r VALUES (1, 2, 3)");
  },
  "a table without row ids": (database) => {
    database.exec("CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES ('k', 'v')");
  },
  "a virtual table of a module that is not there": (database) => {
    declare(database, "table", "v", "CREATE VIRTUAL TABLE v USING vec0(embedding float[4])");
  },
  "a view on a function that is not there": (database) => {
    declare(database, "view", "v", "CREATE VIEW v AS SELECT theirs(n) FROM t");
  },
  "a collation that is not there": (database) => {
    database.exec("CREATE TABLE c (k TEXT); CREATE INDEX ci ON c (k); INSERT INTO c VALUES ('b'), ('a')");
    unsafely(
      database,
      "UPDATE sqlite_schema SET sql = 'CREATE INDEX ci ON c (k COLLATE theirs)' WHERE name = 'ci'",
    );
  },
  "a generated column of a function that is not there": (database) => {
    database.function("theirs", { deterministic: true }, (value: unknown) => value);
    database.exec("CREATE TABLE g (k, v TEXT NOT NULL AS (theirs(k))); INSERT INTO g (k) VALUES ('a')");
  },
};

for (const [kind, make] of Object.entries(kinds))
  for (const mode of ["wal", "delete"] as const)
    t.test(`a database with ${kind} is copied (${mode})`, async (t) => {
      const { tenant, copy: target } = places(t);
      const database = new Database(join(tenant, "m.sqlite"));
      make(database);
      database.exec("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, text TEXT, filling BLOB)");
      database.pragma(`journal_mode = ${mode}`);
      for (let n = 1; n <= 30; n++)
        database.prepare("INSERT INTO t VALUES (?, 'a text with ä', randomblob(700))").run(n);
      database.close();
      const before = readTree(tenant);
      t.match(await copy(tenant, "m.sqlite", target, 1000), { kind: "copied", checked: true });
      t.strictSame(readTree(tenant), before);
      t.strictSame(describe(target), describe(join(tenant, "m.sqlite")));
    });

for (const mode of ["truncate", "persist", "memory", "off"])
  t.test(`a database whose program uses journal_mode = ${mode} is copied`, async (t) => {
    const { tenant, copy: target } = places(t);
    const database = create(join(tenant, "m.sqlite"), "delete");
    database.pragma(`journal_mode = ${mode}`);
    database.exec("INSERT INTO t VALUES (4, NULL)");
    database.close();
    t.match(await copy(tenant, "m.sqlite", target, 1000), { kind: "copied" });
    t.strictSame(describe(target), describe(join(tenant, "m.sqlite")));
  });

t.test("a database of one page is copied", async (t) => {
  const { tenant, copy: target } = places(t);
  const database = new Database(join(tenant, "m.sqlite"));
  database.exec("PRAGMA user_version = 7; VACUUM");
  database.close();
  t.match(await copy(tenant, "m.sqlite", target, 1000), { kind: "copied", size: 4096 });
});

for (const mode of ["wal", "delete"] as const)
  t.test(`a path that is too long for SQLite does not matter (${mode})`, async (t) => {
    const { tenant, copy: target } = places(t);
    create(join(tenant, "m.sqlite"), mode).close();
    const deep = join(tenant, ...Array<string>(3).fill("d".repeat(200)));
    mkdirSync(deep, { recursive: true });
    renameSync(join(tenant, "m.sqlite"), join(deep, "m.sqlite"));
    t.match(await copy(deep, "m.sqlite", target, 1000), { kind: "copied", checked: true });
  });

t.test("a path that is too long for the kernel does not matter", async (t) => {
  const { tenant, copy: target } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  // Not in the test's own directory: tap removes by whole paths.
  const root = mkdtempSync(join(tmpdir(), "deep-"));
  let directory = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (let depth = 0; depth < 21; depth++) {
    const name = nameIn(directory, rawPath("d".repeat(200)));
    mkdirSync(name);
    const below = openSync(name, constants.O_RDONLY | constants.O_DIRECTORY);
    closeSync(directory);
    directory = below;
  }
  t.teardown(() => {
    closeSync(directory);
    execFileSync("rm", ["-r", root]);
  });
  copyFileSync(join(tenant, "m.sqlite"), nameIn(directory, rawPath("m.sqlite")));
  t.match(await copyDatabase(directory, rawPath("m.sqlite"), target, { patienceMs: 1000 }), {
    kind: "copied",
  });
});

t.test("a name that leaves no room for a companion's does not matter", async (t) => {
  const { tenant, copy: target } = places(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  renameSync(join(tenant, "m.sqlite"), join(tenant, "n".repeat(255)));
  t.match(await copy(tenant, "n".repeat(255), target, 1000), { kind: "copied" });
});

/** As a program with extensions would have made it. */
function declare(database: Database.Database, type: string, name: string, sql: string): void {
  unsafely(database, `INSERT INTO sqlite_schema VALUES ('${type}', '${name}', '${name}', 0, '${sql}')`);
}

function unsafely(database: Database.Database, sql: string): void {
  database.unsafeMode(true);
  database.pragma("writable_schema = ON");
  database.exec(sql);
  database.pragma("writable_schema = OFF");
}

/** Schema, rows and settings, read in this process: the database must not be copied here afterwards. */
function describe(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    const settings = ["page_size", "encoding", "auto_vacuum", "application_id", "user_version"];
    return {
      settings: settings.map((name) => database.pragma(name)),
      schema: database.prepare("SELECT * FROM sqlite_schema ORDER BY name").all(),
      rows: database.prepare("SELECT * FROM t").all(),
    };
  } finally {
    database.close();
  }
}
