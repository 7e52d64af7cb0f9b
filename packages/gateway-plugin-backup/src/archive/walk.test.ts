import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openRootDirectory } from "./confined.js";
import { excludeMatcher } from "./exclude.js";
import { rawPathBytes } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { walk } from "./walk.js";
import type { WalkItem } from "./walk.js";
import { Warnings } from "./warnings.js";
import { testOfPermissions } from "../test-support/permissions.js";

interface Walked {
  readonly paths: string[];
  readonly warnings: ReturnType<Warnings["list"]>;
  readonly excluded: { entries: number; bytes: number };
}

/** Walks a directory; `visit` is called with each item before the walk goes on. */
function walkAll(
  directory: string,
  options: { exclude?: string[]; prefixBytes?: number; visit?: (item: WalkItem) => void } = {},
): Walked {
  const root = openRootDirectory(directory);
  const warnings = new Warnings("Tenant acme", false);
  const excluded = { entries: 0, bytes: 0 };
  const paths: string[] = [];
  try {
    for (const item of walk({
      root,
      prefixBytes: options.prefixBytes ?? 13,
      isExcluded: excludeMatcher(options.exclude ?? []),
      onExcluded: (bytes) => {
        excluded.entries++;
        excluded.bytes += bytes;
      },
      warnings,
    })) {
      paths.push(item.type === "directory" ? `${item.path}/` : item.path);
      options.visit?.(item);
    }
  } finally {
    closeSync(root);
  }
  return { paths, warnings: warnings.list(), excluded };
}

t.test("paths come in the order of their bytes, each directory before what it holds", (t) => {
  const directory = t.testdir({
    b: { z: "", a: "" },
    "b-c": "",
    "b.d": "",
    B: "",
    a: { deep: { file: "" } },
  });
  t.strictSame(walkAll(directory).paths, [
    "/",
    "B",
    "a/",
    "a/deep/",
    "a/deep/file",
    "b-c",
    "b.d",
    "b/",
    "b/a",
    "b/z",
  ]);
  t.end();
});

t.test("names that are no text are walked by their bytes", (t) => {
  const directory = t.testdir({});
  const name = "\xff\xfe \n" as RawPath;
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), rawPathBytes(name)]), "");
  t.strictSame(walkAll(directory).paths, ["/", name]);
  t.end();
});

t.test("pty at the tenant's root is passed over without a word, but not below it, nor a file", (t) => {
  const place = t.testdir({
    one: { pty: { "0": "" }, workspace: { pty: { "1": "" } } },
    two: { pty: "a file" },
  });
  t.strictSame(walkAll(join(place, "one")), {
    paths: ["/", "workspace/", "workspace/pty/", "workspace/pty/1"],
    warnings: [],
    excluded: { entries: 0, bytes: 0 },
  });
  t.strictSame(walkAll(join(place, "two")).paths, ["/", "pty"]);
  t.end();
});

t.test("FIFOs and links: the one is reported, the other is given but not followed", (t) => {
  const directory = t.testdir({ real: { file: "" }, link: t.fixture("symlink", "real") });
  execFileSync("mkfifo", [join(directory, "pipe")]);
  const { paths, warnings } = walkAll(directory);
  t.strictSame(paths, ["/", "link", "real/", "real/file"]);
  t.match(warnings, [{ code: "SPECIAL_FILE", path: "pipe" }]);
  t.end();
});

t.test("an excluded directory is not entered and counts once, an excluded file with its size", (t) => {
  const directory = t.testdir({
    node_modules: { a: { b: "123" } },
    src: { node_modules: { c: "" }, ".cache.log": "12345", "x.ts": "" },
  });
  const { paths, excluded } = walkAll(directory, { exclude: ["**/node_modules/**", "**/*.log"] });
  t.strictSame(paths, ["/", "src/", "src/x.ts"]);
  t.strictSame(excluded, { entries: 3, bytes: 5 });
  t.end();
});

t.test("a directory that was swapped for a link is reported, not followed", (t) => {
  const directory = t.testdir({ tenant: { a: "", d: { inside: "" } }, other: { secret: "" } });
  const tenant = join(directory, "tenant");
  const { paths, warnings } = walkAll(tenant, {
    visit: (item) => {
      if (item.path !== "a") return;
      rmSync(join(tenant, "d"), { recursive: true });
      symlinkSync("../other", join(tenant, "d"));
    },
  });
  t.strictSame(paths, ["/", "a"]);
  t.match(warnings, [{ code: "FILE_VANISHED", path: "d" }]);
  t.end();
});

t.test("a parent that is swapped for a link does not lead the walk out", (t) => {
  const directory = t.testdir({ tenant: { d: { a: "", e: { inside: "" } } }, other: { e: { secret: "" } } });
  const tenant = join(directory, "tenant");
  const { paths } = walkAll(tenant, {
    visit: (item) => {
      if (item.path !== "d/a") return;
      renameSync(join(tenant, "d"), join(directory, "moved"));
      symlinkSync("../other", join(tenant, "d"));
    },
  });
  t.strictSame(paths, ["/", "d/", "d/a", "d/e/", "d/e/inside"]);
  t.end();
});

t.test("a directory that vanishes is reported", (t) => {
  const directory = t.testdir({ a: "", d: {} });
  const { warnings } = walkAll(directory, {
    visit: (item) => {
      if (item.path === "a") rmdirSync(join(directory, "d"));
    },
  });
  t.match(warnings, [{ code: "FILE_VANISHED", path: "d" }]);
  t.end();
});

t.test("what would be over 4096 bytes long in the archive is left out and reported", (t) => {
  const directory = t.testdir({ short: "", longer: "" });
  const { paths, warnings } = walkAll(directory, { prefixBytes: 4096 - "short".length });
  t.strictSame(paths, ["/", "short"]);
  t.match(warnings, [{ code: "NAME_TOO_LONG", path: "longer" }]);
  t.end();
});

t.test("a tree of a thousand levels is walked", (t) => {
  const directory = t.testdir({});
  let handle = openRootDirectory(directory);
  for (let level = 0; level < 1000; level++) {
    mkdirSync(`/proc/self/fd/${handle}/d`);
    const next = openRootDirectory(`/proc/self/fd/${handle}/d`);
    closeSync(handle);
    handle = next;
  }
  closeSync(handle);
  t.equal(walkAll(directory).paths.length, 1001);
  t.end();
});

testOfPermissions(t, import.meta.url, "a directory that must not be read fails the walk by its name", (t) => {
  const directory = t.testdir({ locked: {} });
  chmodSync(join(directory, "locked"), 0o000);
  t.throws(() => walkAll(directory), {
    code: "FILE_UNREADABLE",
    message: /Tenant acme: .*locked.*permission denied/,
  });
  t.end();
});
