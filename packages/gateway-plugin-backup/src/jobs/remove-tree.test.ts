import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import t from "tap";
import { REMOVING_SUFFIX, removeTree } from "./remove-tree.js";

t.test(
  "a tree goes with all it holds: odd names, closed directories; what its links point at stays",
  async (t) => {
    const root = t.testdir({ kept: { file: "x" }, doomed: { sub: { file: "x" } } });
    const doomed = path.join(root, "doomed");
    writeFileSync(Buffer.concat([Buffer.from(`${doomed}/`), Buffer.from([0xff, 0xfe])]), "x");
    symlinkSync("../kept", path.join(doomed, "link"));
    chmodSync(path.join(doomed, "sub"), 0o500);
    await removeTree(doomed);
    t.same(readdirSync(root), ["kept"]);
    t.ok(existsSync(path.join(root, "kept", "file")));
  },
);

t.test("a tree whose paths are longer than the kernel takes goes, too", async (t) => {
  const root = t.testdir();
  const tree = path.join(root, "tree");
  const name = "n".repeat(250);
  mkdirSync(tree);
  // Built from the inside out: no path of more than two names is ever used.
  for (let depth = 0; depth < 40; depth++) {
    const next = path.join(root, "next");
    mkdirSync(next);
    writeFileSync(path.join(next, "file"), "x");
    renameSync(tree, path.join(next, name));
    renameSync(next, tree);
  }
  await removeTree(tree);
  t.same(readdirSync(root), []);
});

t.test("nothing there is fine", async (t) => {
  await t.resolves(removeTree(path.join(t.testdir(), "nothing")));
});

t.test("a removal that was cut off does not stand in the way of the next", async (t) => {
  const root = t.testdir({ tree: { file: "x" }, [`tree${REMOVING_SUFFIX}`]: { half: "x" } });
  await removeTree(path.join(root, "tree"));
  t.same(readdirSync(root), []);
  mkdirSync(path.join(root, `tree${REMOVING_SUFFIX}`));
  await removeTree(path.join(root, `tree${REMOVING_SUFFIX}`));
  t.same(readdirSync(root), []);
});

t.test("what cannot be removed is named", async (t) => {
  await t.rejects(removeTree("/proc/self/task"), { message: /\/proc\/self\/task/ });
});

t.test("what cannot stand where it is said to stand is not removed, and the error names it", async (t) => {
  const root = t.testdir({ file: "x" });
  const doomed = path.join(root, "file", "tree");
  await t.rejects(removeTree(doomed), { code: "IO_FAILED", message: new RegExp(`remove ${doomed}`) });
  t.ok(existsSync(path.join(root, "file")));
});
