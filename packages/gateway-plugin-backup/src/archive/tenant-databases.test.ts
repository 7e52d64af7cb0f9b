import { closeSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { openRootDirectory, statIn } from "./confined.js";
import { rawPath } from "./raw-path.js";
import type { Verdict } from "./sqlite/protocol.js";
import { TenantDatabases } from "./tenant-databases.js";
import type { ListedDirectory } from "./walk.js";

/** A directory of files of a database's size whose kinds the helper process knows by their names. */
function bench(
  t: Test,
  kinds: Readonly<Record<string, "database" | "encrypted" | "plain">>,
): { path: string; directory: ListedDirectory; databases: TenantDatabases } {
  const path = t.testdir(Object.fromEntries(Object.keys(kinds).map((name) => [name, "x".repeat(512)])));
  const handle = openRootDirectory(path);
  t.teardown(() => closeSync(handle));
  const children = Object.keys(kinds).map((name) => ({ name: rawPath(name), type: "file" as const }));
  const verdict = (name: string): Verdict => ({ kind: kinds[name] ?? "gone", identity: "" });
  const databases = new TenantDatabases(
    {
      inspect: ({ names }) => Promise.resolve(names.map(verdict)),
      copy: () => Promise.resolve({ kind: "gone" }),
    },
    "/nonexistent",
  );
  return { path, directory: { path: rawPath(""), handle, children, position: -1 }, databases };
}

t.test("a journal that is gone again was that of the database it is named for", async (t) => {
  const { path, directory, databases } = bench(t, {
    database: "database",
    locked: "encrypted",
    text: "plain",
  });
  const isCompanion = (name: string): Promise<boolean> => databases.isCompanion(directory, rawPath(name));
  t.equal(await isCompanion("database-journal"), true);
  t.equal(await isCompanion("locked-journal"), true);
  t.equal(await isCompanion("text-journal"), false);
  t.equal(await isCompanion("none-journal"), false);
  writeFileSync(join(path, "text-journal"), "my diary");
  t.equal(await isCompanion("text-journal"), false);
});

t.test("the next database to copy is one that is still there", async (t) => {
  const { path, directory, databases } = bench(t, { a: "plain", b: "database", c: "encrypted" });
  const a = rawPath("a");
  const stats = statIn(directory.handle, a);
  if (stats === undefined) throw new Error("The file is not there.");
  t.equal(databases.nextSmall(directory), undefined, "nothing is known yet");
  await databases.verdict(directory, a, stats);
  t.equal(databases.nextSmall(directory), "b");
  rmSync(join(path, "b"));
  t.equal(databases.nextSmall(directory), "c");
  rmSync(join(path, "c"));
  t.equal(databases.nextSmall(directory), undefined);
});
