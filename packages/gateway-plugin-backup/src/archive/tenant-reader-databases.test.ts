import Database from "better-sqlite3";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { DatabaseService } from "./tenant-databases.js";
import { copy } from "./testing/databases.js";
import { find, inspectOnly, once, read, unpacked } from "./testing/read-tenant.js";
import { stagingDirectory } from "./testing/staging.js";

/** Makes a database and lets go of it. */
function makeDatabase(path: string): void {
  const database = new Database(path);
  database.exec("CREATE TABLE t (n)");
  database.close();
}

/** Copies as well, in this process: it has no database open then. */
function copying(directory: string): DatabaseService {
  return { ...inspectOnly(directory), copy: ({ name, copy: file }) => copy(directory, name, file) };
}

t.test("a journal that is gone when its turn comes needs no word; another file does", async (t) => {
  const directory = t.testdir({ a: "", "b-journal": "", b: "plain", "m.sqlite-journal": "" });
  makeDatabase(join(directory, "m.sqlite"));
  const commit = once(() => {
    for (const name of ["b-journal", "m.sqlite-journal"]) rmSync(join(directory, name), { force: true });
  });
  const moments = { beforeBuffer: commit };
  const result = await read(directory, moments, {}, copying(directory), stagingDirectory(t));
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "b-journal" }]);
  t.equal(result.warnings.length, 1);
  t.equal(result.databases, 1);
});

t.test("a journal whose database appears just now is left out with it", async (t) => {
  const directory = t.testdir({ "m-journal": "x".repeat(512) });
  const real = inspectOnly(directory);
  const service: DatabaseService = {
    ...real,
    inspect: async (request) => {
      const verdicts = await real.inspect(request);
      return verdicts.map(({ identity }) => ({ kind: "companion", identity }));
    },
  };
  const result = await read(directory, {}, {}, service);
  t.notOk(find(result, "m-journal"));
  t.strictSame(result.warnings, []);
});

t.test("a file that turns out to be no database when it is copied is read as what it is", async (t) => {
  const directory = t.testdir({});
  const path = join(directory, "m.sqlite");
  makeDatabase(path);
  const service: DatabaseService = {
    ...inspectOnly(directory),
    copy: () => {
      writeFileSync(path, "plain text");
      return Promise.resolve({ kind: "plain" });
    },
  };
  const result = await read(directory, {}, {}, service);
  t.equal(unpacked(result, "m.sqlite"), "plain text");
  t.strictSame(result.warnings, []);
});

t.test("a file that was judged in another state than it is in is judged again", async (t) => {
  const directory = t.testdir({ sized: "x".repeat(512) });
  const real = inspectOnly(directory);
  let isFirst = true;
  const service: DatabaseService = {
    ...real,
    inspect: async (request) => {
      const verdicts = await real.inspect(request);
      if (!isFirst) return verdicts;
      isFirst = false;
      return verdicts.map((verdict) => ({ ...verdict, identity: "of another file" }));
    },
  };
  const result = await read(directory, {}, {}, service);
  t.equal(unpacked(result, "sized"), "x".repeat(512));
  t.notOk(isFirst);
  t.strictSame(result.warnings, []);
});

t.test("a database that vanishes before it is inspected or copied is reported by name", async (t) => {
  for (const moment of ["inspect", "copy"] as const) {
    const directory = t.testdir({});
    const path = join(directory, "m.sqlite");
    makeDatabase(path);
    const real = inspectOnly(directory);
    const service: DatabaseService = {
      inspect: (request) => {
        if (moment === "inspect") rmSync(path, { force: true });
        return real.inspect(request);
      },
      copy: (request) => {
        rmSync(path, { force: true });
        return real.copy(request);
      },
    };
    const result = await read(directory, {}, {}, service);
    t.match(result.warnings, [{ code: "FILE_VANISHED", path: "m.sqlite" }], moment);
    t.equal(result.entries.length, 1);
  }
});

t.test("a copy that was made ahead of a database that then vanishes is removed", async (t) => {
  const directory = t.testdir({});
  for (const name of ["a.sqlite", "b.sqlite", "c.sqlite"]) makeDatabase(join(directory, name));
  const temporary = stagingDirectory(t);
  const real = copying(directory);
  let vanished = (): void => undefined;
  const hasVanished = new Promise<void>((resolve) => (vanished = resolve));
  const service: DatabaseService = {
    ...real,
    copy: async (request) => {
      const answer = await real.copy(request);
      if (request.name === "a.sqlite") await hasVanished;
      if (request.name === "b.sqlite") {
        rmSync(join(directory, "b.sqlite"));
        vanished();
      }
      return answer;
    },
  };
  const result = await read(directory, {}, {}, service, temporary);
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "b.sqlite" }]);
  t.ok(find(result, "a.sqlite") && find(result, "c.sqlite"));
  t.strictSame(readdirSync(temporary), []);
});

t.test("no copy is made ahead of a database that has vanished", async (t) => {
  const directory = t.testdir({});
  for (const name of ["a.sqlite", "b.sqlite"]) makeDatabase(join(directory, name));
  const real = copying(directory);
  const copies: string[] = [];
  const service: DatabaseService = {
    inspect: async (request) => {
      const verdicts = await real.inspect(request);
      rmSync(join(directory, "b.sqlite"), { force: true });
      return verdicts;
    },
    copy: (request) => {
      copies.push(request.name);
      return real.copy(request);
    },
  };
  const result = await read(directory, {}, {}, service, stagingDirectory(t));
  t.strictSame(copies, ["a.sqlite"]);
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "b.sqlite" }]);
});

t.test("a file that even the helper process cannot read is treated alike", async (t) => {
  const directory = t.testdir({ a: "", sized: "x".repeat(512) });
  const refusing: DatabaseService = {
    inspect: ({ names }) =>
      Promise.resolve(names.map(() => ({ kind: "unreadable", identity: "", reason: "EIO: i/o error" }))),
    copy: () => Promise.resolve({ kind: "gone" }),
  };
  await t.rejects(read(directory, {}, {}, refusing), {
    code: "FILE_UNREADABLE",
    message: "Tenant acme: file sized cannot be read: EIO: i/o error.",
  });
  const result = await read(directory, {}, { allowUnreadable: true }, refusing);
  t.match(result.warnings, [{ code: "FILE_UNREADABLE", path: "sized" }]);
  t.strictSame(
    result.entries.map(({ path }) => path),
    ["tenants/acme/a", "tenants/acme"],
  );
});
