import fc from "fast-check";
import path from "node:path";
import t from "tap";
import { parseWorkspacePath } from "./workspace-path.js";

t.test("a path is taken apart as it stands", (t) => {
  t.same(parseWorkspacePath("a/b.txt"), { components: ["a", "b.txt"], directory: false });
  t.same(parseWorkspacePath("a/"), { components: ["a"], directory: true });
  t.same(parseWorkspacePath(""), { components: [], directory: true });
  t.same(
    parseWorkspacePath("a\\..\\b"),
    { components: ["a\\..\\b"], directory: false },
    "a backslash is ordinary",
  );
  t.same(parseWorkspacePath("..."), { components: ["..."], directory: false });
  t.end();
});

t.test("what could lead elsewhere is refused", (t) => {
  const long = "x".repeat(256);
  for (const text of ["..", "a/../b", ".", "a/./b", "/a", "a//b", "//", "/", "a\0b", long, "é".repeat(128)]) {
    t.throws(() => parseWorkspacePath(text), { code: "PATH_NOT_ALLOWED", exitCode: 5 }, JSON.stringify(text));
  }
  t.throws(() => parseWorkspacePath("a/".repeat(2100)), { code: "PATH_NOT_ALLOWED", message: /4096 bytes/ });
  t.end();
});

t.test("a path that is accepted stays below its root, whatever it is joined to", (t) => {
  const part = fc.oneof(fc.constantFrom("..", ".", "", "/", "\\", "\0", "a"), fc.string());
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      let components: readonly string[];
      try {
        ({ components } = parseWorkspacePath(parts.join("/")));
      } catch {
        return true;
      }
      const joined = path.posix.join("/root", ...components);
      return components.length === 0 ? joined === "/root" : joined.startsWith("/root/");
    }),
  );
  t.end();
});
