import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { writeFileAtomic } from "./atomic-write.js";

t.test("a file is replaced whole, for the owner only, and nothing is left beside it", async (t) => {
  const directory = t.testdir({ "a.json": "old", staging: {} });
  const file = path.join(directory, "a.json");
  await writeFileAtomic(file, "new");
  await writeFileAtomic(file, "newer", { temporaryDirectory: path.join(directory, "staging") });
  t.equal(await readFile(file, "utf8"), "newer");
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.same(await readdir(directory), ["a.json", "staging"]);
  t.same(await readdir(path.join(directory, "staging")), []);
});

t.test("a write that fails leaves no temporary file", async (t) => {
  const directory = t.testdir();
  await mkdir(path.join(directory, "a.json"));
  await t.rejects(writeFileAtomic(path.join(directory, "a.json"), "new"));
  t.same(await readdir(directory), ["a.json"]);
});
