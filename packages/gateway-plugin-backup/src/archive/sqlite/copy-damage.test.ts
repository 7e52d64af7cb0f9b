import { closeSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openRootDirectory } from "../confined.js";
import { rawPath } from "../raw-path.js";
import { copy, create, places } from "../testing/databases.js";
import { checkCopy } from "./check.js";
import { copyThroughConnection } from "./connection.js";
import { lookAt } from "./database-files.js";

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

const PAGE_BYTES = 4096;

/** What is done to the bytes of a sound database of 500 rows with some free pages. */
const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  "a page of noise": (bytes) => bytes.fill(0xa5, 2 * PAGE_BYTES, 3 * PAGE_BYTES),
  "a page of zeros": (bytes) => bytes.fill(0, 2 * PAGE_BYTES, 3 * PAGE_BYTES),
  "two pages swapped": (bytes) => {
    const page = Buffer.from(bytes.subarray(2 * PAGE_BYTES, 3 * PAGE_BYTES));
    bytes.copy(bytes, 2 * PAGE_BYTES, 3 * PAGE_BYTES, 4 * PAGE_BYTES);
    page.copy(bytes, 3 * PAGE_BYTES);
    return bytes;
  },
  "an end that is missing": (bytes) => bytes.subarray(0, bytes.length - 3 * PAGE_BYTES),
  "an end in the middle of a page": (bytes) => bytes.subarray(0, 2 * PAGE_BYTES + 1000),
  "a first page that is cut": (bytes) => bytes.subarray(0, 1000),
  "a free list that leads nowhere": (bytes) => {
    // sqlite.org/fileformat.html, section 1.3: page number of the first trunk page.
    bytes.writeUInt32BE(0x00ffffff, 32);
    return bytes;
  },
  "a free list that is too short": (bytes) => {
    // The number of free pages.
    bytes.writeUInt32BE(1, 36);
    return bytes;
  },
};

for (const [damage, apply] of Object.entries(damages))
  t.test(`a database with ${damage} is refused`, async (t) => {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    const database = create(path, "delete", 500);
    database.exec("DELETE FROM t WHERE n BETWEEN 300 AND 450");
    database.close();
    const sound = readFileSync(path);
    writeFileSync(path, apply(Buffer.from(sound)));
    t.match(await copy(tenant, "m.sqlite", target, 500), { kind: "unreadable" });
    t.notOk(existsSync(target));
  });

t.test(
  "bytes behind the last page, as an editor may add them, do not make a database unreadable",
  async (t) => {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    create(path, "delete").close();
    const sound = readFileSync(path);
    writeFileSync(path, Buffer.concat([sound, Buffer.from("\n")]));
    t.match(await copy(tenant, "m.sqlite", target), { kind: "copied", size: sound.length });
  },
);

t.test("damage is found beside a table that SQLite cannot check here", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  const database = create(path, "delete", 500);
  database.function("theirs", { deterministic: true }, (value: unknown) => value);
  database.exec("CREATE TABLE c (k, g TEXT NOT NULL AS (theirs(k))); INSERT INTO c VALUES ('a')");
  database.close();
  t.match(await copy(tenant, "m.sqlite", target), { kind: "copied" });
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, 3 * PAGE_BYTES, 4 * PAGE_BYTES));
  t.match(await copy(tenant, "m.sqlite", `${target}2`), { kind: "unreadable", reason: /damaged/ });
});

t.test("damage is found in a table whose own check is impossible here", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  const database = create(path, "delete", 0);
  database.function("theirs", { deterministic: true }, (value: unknown) => value);
  database.exec("DROP TABLE t; CREATE TABLE c (k TEXT, g TEXT NOT NULL AS (theirs(k)))");
  for (let n = 0; n < 500; n++) database.prepare("INSERT INTO c VALUES (?)").run("x".repeat(200));
  database.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, 3 * PAGE_BYTES, 4 * PAGE_BYTES));
  t.match(await copy(tenant, "m.sqlite", target), { kind: "unreadable", reason: /malformed/ });
});

t.test("a database whose schema is no SQL is refused", async (t) => {
  const { tenant, copy: target } = places(t);
  const database = create(join(tenant, "m.sqlite"), "delete");
  database.unsafeMode(true);
  database.pragma("writable_schema = ON");
  database.exec("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (' WHERE name = 't'");
  database.close();
  t.match(await copy(tenant, "m.sqlite", target), {
    kind: "unreadable",
    reason: /^SQLite says: malformed database schema .*\(SQLITE_CORRUPT\)$/,
  });
});

t.test("a database with a row that SQLite cannot compute is refused", async (t) => {
  const { tenant, copy: target } = places(t);
  const database = create(join(tenant, "m.sqlite"), "delete");
  database.unsafeMode(true);
  database.pragma("writable_schema = ON");
  database.exec(`UPDATE sqlite_schema SET sql = 'CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB,
    big BLOB NOT NULL AS (zeroblob(2000000000 + n)))' WHERE name = 't'`);
  database.close();
  t.match(await copy(tenant, "m.sqlite", target), { kind: "unreadable", reason: /\(SQLITE_TOOBIG\)$/ });
});

t.test("a copy that is not there any more when it is to be checked is unreadable", (t) => {
  t.match(checkCopy(join(t.testdirName, "none", "copy")), { kind: "unreadable", reason: /does not exist/ });
  t.end();
});

t.test("a database that is cut to nothing while it is opened has nothing to copy", async (t) => {
  const { tenant, copy: target } = places(t);
  writeFileSync(join(tenant, "m.sqlite"), "");
  const directory = openRootDirectory(tenant);
  t.teardown(() => closeSync(directory));
  const files = lookAt(directory, rawPath("m.sqlite"));
  if (files === undefined) throw new Error("The database is not there.");
  t.strictSame(await copyThroughConnection(files, target, 0), {
    kind: "unreadable",
    reason: "it has no pages",
  });
});

t.test("a database that is cut to nothing is an empty file", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  create(path, "delete").close();
  truncateSync(path, 0);
  t.strictSame(await copy(tenant, "m.sqlite", target), { kind: "plain" });
});
