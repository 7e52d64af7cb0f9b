import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { makeDirectory } from "./make-directory.js";

t.test("a directory is made with its parents, for the owner only, and again without harm", async (t) => {
  const directory = join(t.testdir({}), "a", "b", "c");
  await makeDirectory(directory);
  await makeDirectory(directory);
  for (const path of [directory, join(directory, ".."), join(directory, "../..")])
    t.equal(statSync(path).mode & 0o777, 0o700);
});

t.test("a file in the way is an error", async (t) => {
  const file = join(t.testdir({}), "file");
  writeFileSync(file, "");
  await t.rejects(makeDirectory(join(file, "below")), { code: "ENOTDIR" });
});
