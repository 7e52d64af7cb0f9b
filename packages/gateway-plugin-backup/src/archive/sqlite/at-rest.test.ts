import { closeSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { openRootDirectory } from "../confined.js";
import { rawPath } from "../raw-path.js";
import { places } from "../testing/databases.js";
import { copyAlone, copyAsItIs, copyAtRest } from "./at-rest.js";
import { lookAt } from "./database-files.js";
import type { DatabaseFiles } from "./database-files.js";

interface Bench {
  readonly path: string;
  readonly files: DatabaseFiles;
  readonly target: string;
}

/** Files of a database as they were when they were looked at, `laterMs` ago. What is in them does not matter here. */
function bench(t: Test, laterMs = 1000): Bench {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  for (const suffix of ["", "-wal", "-shm"]) writeFileSync(`${path}${suffix}`, `content${suffix}`);
  const directory = openRootDirectory(tenant);
  t.teardown(() => closeSync(directory));
  const files = lookAt(directory, rawPath("m.sqlite"));
  if (files === undefined) throw new Error("The database is not there.");
  const now = Number(files.shm?.ctimeMs) + laterMs;
  t.intercept(Date, "now", { value: () => now });
  return { path, files, target };
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, "other content");
  renameSync(`${path}.new`, path);
}

const copiers = { copyAtRest, copyAlone, copyAsItIs };

t.test("files that nothing has written to are copied", (t) => {
  const { files, target } = bench(t);
  t.strictSame(copyAtRest(files, target), { kind: "copied" });
  t.equal(readFileSync(target, "utf8"), "content");
  t.equal(readFileSync(`${target}-wal`, "utf8"), "content-wal");
  t.strictSame(copyAlone(files, target), { kind: "copied" });
  t.strictSame(copyAsItIs(files, target), { kind: "mixed" });
  t.end();
});

t.test(
  "files that were written a moment ago are looked at again: their times may not show the next write",
  (t) => {
    const { files, target } = bench(t, 10);
    t.match(copyAtRest(files, target), { kind: "again" });
    t.match(copyAlone(files, target), { kind: "again" });
    t.notOk(existsSync(target));
    t.end();
  },
);

/** What can happen between the look and the copy; `path` is the database's. */
const changes: Readonly<
  Record<string, readonly [(path: string) => void, ...copiers: (keyof typeof copiers)[]]>
> = {
  "a database that is replaced": [replace, "copyAtRest", "copyAlone"],
  "a database that is removed": [(path) => rmSync(path), "copyAtRest", "copyAlone", "copyAsItIs"],
  "a database that becomes a directory": [
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    "copyAtRest",
    "copyAlone",
    "copyAsItIs",
  ],
  "a database whose WAL is replaced": [(path) => replace(`${path}-wal`), "copyAtRest", "copyAlone"],
  "a database whose WAL is removed": [(path) => rmSync(`${path}-wal`), "copyAtRest", "copyAlone"],
  "a database that somebody closes": [(path) => rmSync(`${path}-shm`), "copyAtRest", "copyAlone"],
};

for (const [what, [change, ...names]] of Object.entries(changes))
  t.test(`${what} after it was looked at is looked at again`, (t) => {
    const { path, files, target } = bench(t);
    change(path);
    for (const name of names) t.match(copiers[name](files, target), { kind: "again" }, name);
    t.end();
  });

t.test("a directory that takes no copy is not the database's fault", (t) => {
  const { files, target } = bench(t);
  for (const copy of Object.values(copiers))
    t.match(copy(files, `${target}/none/copy`), { kind: "no-room", code: "ENOENT" });
  t.end();
});
