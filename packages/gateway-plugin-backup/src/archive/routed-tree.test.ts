import t from "tap";
import { rawPath } from "./raw-path.js";
import { RoutedTree } from "./routed-tree.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree } from "./testing/tree.js";

t.test("a directory of the tree goes elsewhere, with all that is in it", (t) => {
  const into = stagingDirectory(t);
  const other = stagingDirectory(t);
  const tree = new RoutedTree(into, [{ path: rawPath("workspace"), into: other }]);
  const file = (path: string, content: string): void => {
    tree.beginFile(rawPath(path), 0o600, 0n);
    tree.content(Buffer.from(content));
    tree.endFile();
  };
  file("a", "one");
  file("workspace/b", "two");
  file("workspaces", "three");
  tree.symlink(rawPath("workspace/l"), rawPath("b"), 0n);
  tree.copyFile(rawPath("a"), rawPath("workspace/copy-of-a"), 0o640, 0n);
  tree.copyFile(rawPath("workspace/b"), rawPath("copy-of-b"), 0o600, 0n);
  tree.directory(rawPath("workspace"), 0o750, 5_000_000_000n);
  tree.finish();
  tree.close();
  const contents = (directory: string) =>
    Object.entries(readTree(directory)).map(([path, entry]) => [path, entry.content ?? entry.target]);
  t.same(Object.fromEntries(contents(into)), {
    "": undefined,
    a: "one",
    "copy-of-b": "two",
    workspaces: "three",
  });
  t.same(Object.fromEntries(contents(other)), { "": undefined, b: "two", "copy-of-a": "one", l: "b" });
  t.match(readTree(other)[""], { mode: 0o750, mtimeNs: 5_000_000_000n });
  t.end();
});

t.test("content outside of a file is nobody's", (t) => {
  const tree = new RoutedTree(stagingDirectory(t), []);
  t.throws(() => tree.content(Buffer.from("x")), /outside of a file/);
  tree.close();
  t.end();
});
