import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { makeDirectory, openDirectory } from "./directories.js";

/** A root with one directory, and a directory outside of it. */
function places(t: Test): { root: string; outside: string } {
  const place = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-directories-")));
  t.teardown(() => rmSync(place, { recursive: true, force: true }));
  const [root, outside] = [join(place, "root"), join(place, "outside")];
  mkdirSync(join(root, "acme", "deep"), { recursive: true });
  mkdirSync(join(outside, "deep"), { recursive: true });
  return { root, outside };
}

/** Roots that let somebody act when they are first compared with a path: it has been resolved by then, and not opened. */
function rootsThatLet(act: () => void, root: string): readonly string[] {
  let asked = 0;
  const get = (): string => {
    if (asked++ === 0) act();
    return root;
  };
  return Object.defineProperty([root], 0, { get });
}

t.test("a directory whose parent is swapped for a link after it was checked is not used", (t) => {
  for (const use of [openDirectory, makeDirectory]) {
    const { root, outside } = places(t);
    const swap = (): void => {
      renameSync(join(root, "acme"), join(root, "moved"));
      symlinkSync(outside, join(root, "acme"));
    };
    t.throws(() => use(join(root, "acme", "deep"), rootsThatLet(swap, root)), {
      code: "PATH_NOT_ALLOWED",
      message: `${root}/acme/deep (really ${outside}/deep) lies under none of the local roots`,
    });
  }
  t.end();
});

t.test("what was made in a directory that is then led elsewhere is taken away again", (t) => {
  const { root, outside } = places(t);
  const swap = (): void => {
    renameSync(join(root, "acme"), join(root, "moved"));
    symlinkSync(outside, join(root, "acme"));
  };
  t.throws(() => makeDirectory(join(root, "acme", "deep", "new"), rootsThatLet(swap, root)), {
    code: "PATH_NOT_ALLOWED",
  });
  t.strictSame(readdirSync(join(outside, "deep")), []);
  t.end();
});

t.test("a file in the place of a directory is not made way for", (t) => {
  const { root } = places(t);
  writeFileSync(join(root, "file"), "");
  t.throws(() => makeDirectory(join(root, "file"), [root]), { code: "ENOTDIR" });
  t.throws(() => makeDirectory(join(root, "file", "below"), [root]), { code: "ENOTDIR" });
  t.end();
});
