import { chmod, lstat, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { measureTree, removeTree } from "./tree.js";

t.test("a tree is measured without following links", async (t) => {
  const directory = t.testdir({ a: "12345", b: { c: "123", d: {} } });
  await symlink("/", path.join(directory, "root"));
  t.same(await measureTree(directory), { bytes: 8, entries: 5 });
});

t.test(
  "a tree is removed with its read-only directories and odd names, and what links lead to stays",
  async (t) => {
    const directory = t.testdir({ keep: { file: "" }, tree: { module: { file: "" } } });
    const tree = path.join(directory, "tree");
    await symlink("../keep", path.join(tree, "link"));
    await mkdir(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]));
    await writeFile(
      Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe]), Buffer.from("/x")]),
      "",
    );
    await chmod(path.join(tree, "module"), 0o500);
    await removeTree(tree);
    await t.rejects(lstat(tree), { code: "ENOENT" });
    await lstat(path.join(directory, "keep", "file"));
    await removeTree(tree);
  },
);

t.test("a tree whose paths are longer than the kernel takes is removed, too", async (t) => {
  const root = t.testdir();
  const tree = path.join(root, "tree");
  await mkdir(tree);
  // Built from the inside out: no path of more than two names is ever used.
  for (let depth = 0; depth < 40; depth++) {
    const next = path.join(root, "next");
    await mkdir(next);
    await rename(tree, path.join(next, "n".repeat(250)));
    await rename(next, tree);
  }
  await removeTree(tree);
  await t.rejects(lstat(tree), { code: "ENOENT" });
});
