import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { keepAside } from "./keep-aside.js";

t.test("what is kept aside takes nobody's place, and the file stays until it is replaced", async (t) => {
  const file = path.join(t.testdir({ "openclaw.json": "one" }), "openclaw.json");
  t.equal(await keepAside(file), `${file}.bak`);
  t.equal(await readFile(file, "utf8"), "one");
  await writeFile(`${file}.new`, "two");
  await rename(`${file}.new`, file);
  t.equal(await keepAside(file), `${file}.bak.2`);
  t.same([await readFile(`${file}.bak`, "utf8"), await readFile(`${file}.bak.2`, "utf8")], ["one", "two"]);
  await t.rejects(keepAside(`${file}.missing`), { code: "ENOENT" });
});
