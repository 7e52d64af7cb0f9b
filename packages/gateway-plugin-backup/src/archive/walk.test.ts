import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  readdirSync,
  realpathSync,
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
import { EPHEMERAL, neverArchived } from "./never-archived.js";
import { rawPathBytes } from "./raw-path.js";
import type { LeftOut } from "./left-out.js";
import type { RawPath } from "./raw-path.js";
import { walk } from "./walk.js";
import type { WalkItem } from "./walk.js";
import { Warnings } from "./warnings.js";
import { stagingDirectory } from "./testing/staging.js";
import { testOfPermissions } from "../test-support/permissions.js";
import { aroundCalls, systemError } from "../test-support/system-calls.js";

interface Walked {
  readonly paths: string[];
  readonly warnings: ReturnType<Warnings["list"]>;
  readonly leftOut: readonly LeftOut[];
}

/** Walks a directory; `visit` is called with each item before the walk goes on. */
function walkAll(
  directory: string,
  options: {
    exclude?: string[];
    prefixBytes?: number;
    allowUnreadable?: boolean;
    visit?: (item: WalkItem) => void;
  } = {},
): Walked {
  const root = openRootDirectory(directory);
  const warnings = new Warnings("Tenant acme", options.allowUnreadable ?? false);
  const leftOut: LeftOut[] = [];
  const paths: string[] = [];
  try {
    for (const item of walk({
      root,
      prefixBytes: options.prefixBytes ?? 13,
      isExcluded: excludeMatcher(options.exclude ?? []),
      isNeverArchived: neverArchived(EPHEMERAL),
      tellsOfNeverArchived: true,
      onLeftOut: (item) => leftOut.push(item),
      warnings,
    })) {
      paths.push(item.type === "directory" ? `${item.path}/` : item.path);
      options.visit?.(item);
    }
  } finally {
    closeSync(root);
  }
  return { paths, warnings: warnings.list(), leftOut };
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
    leftOut: [{ path: "pty", type: "directory", reason: "ephemeral", entries: 2, bytes: 0 }],
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

t.test("what is excluded counts with all that it holds, and by its glob", (t) => {
  const directory = t.testdir({
    node_modules: { a: { b: "123" }, link: t.fixture("symlink", "a") },
    src: { node_modules: { c: "" }, ".cache.log": "12345", "x.ts": "" },
  });
  execFileSync("mkfifo", [join(directory, "node_modules/pipe")]);
  const { paths, leftOut, warnings } = walkAll(directory, { exclude: ["**/node_modules/**", "**/*.log"] });
  t.strictSame(paths, ["/", "src/", "src/x.ts"]);
  const modules = { type: "directory", reason: "config-exclude", rule: "**/node_modules/**" };
  t.strictSame(leftOut, [
    { path: "node_modules", ...modules, entries: 5, bytes: 3 },
    {
      ...{ path: "src/.cache.log", type: "file", reason: "config-exclude", rule: "**/*.log" },
      ...{ entries: 1, bytes: 5 },
    },
    { path: "src/node_modules", ...modules, entries: 2, bytes: 0 },
  ]);
  t.strictSame(warnings, [], "nobody needs to hear of a FIFO in what is excluded anyway");
  t.end();
});

t.test("without anybody to be told, what is excluded is not entered", (t) => {
  const directory = t.testdir({ out: { a: "" } });
  const root = openRootDirectory(directory);
  const isExcluded = excludeMatcher(["out"]);
  const warnings = new Warnings("Tenant acme", false);
  const never = { isNeverArchived: neverArchived(EPHEMERAL), tellsOfNeverArchived: true };
  const items = [...walk({ root, prefixBytes: 13, isExcluded, ...never, warnings })];
  closeSync(root);
  t.strictSame(
    items.map(({ path }) => path),
    [""],
  );
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

t.test("a directory that vanishes or becomes a file or a FIFO is reported, and the walk goes on", (t) => {
  const directory = t.testdir({ a: "", d: {}, e: {}, f: {}, z: "" });
  const { paths, warnings } = walkAll(directory, {
    visit: (item) => {
      if (item.path !== "a") return;
      for (const name of ["d", "e", "f"]) rmdirSync(join(directory, name));
      writeFileSync(join(directory, "e"), "");
      execFileSync("mkfifo", [join(directory, "f")]);
    },
  });
  t.strictSame(paths, ["/", "a", "z"]);
  t.strictSame(
    warnings.map(({ code, path }) => `${code} ${path}`),
    ["FILE_VANISHED d", "FILE_VANISHED e", "FILE_VANISHED f"],
  );
  t.end();
});

t.test("what would be over 4096 bytes long in the archive is left out and reported", (t) => {
  const directory = t.testdir({ short: "", longer: "" });
  const { paths, warnings } = walkAll(directory, { prefixBytes: 4096 - "short".length });
  t.strictSame(paths, ["/", "short"]);
  t.match(warnings, [{ code: "NAME_TOO_LONG", path: "longer" }]);
  t.end();
});

/** Makes `levels` directories in one another, each with a file behind the next. */
function makeDeepTree(directory: string, levels: number): void {
  let handle = openRootDirectory(directory);
  for (let level = 0; level < levels; level++) {
    writeFileSync(`/proc/self/fd/${handle}/z`, "");
    mkdirSync(`/proc/self/fd/${handle}/d`);
    const next = openRootDirectory(`/proc/self/fd/${handle}/d`);
    closeSync(handle);
    handle = next;
  }
  closeSync(handle);
}

t.test("a tree of a thousand levels is walked with few directories open at once", (t) => {
  const directory = t.testdir({});
  makeDeepTree(directory, 1000);
  const before = readdirSync("/proc/self/fd").length;
  let most = 0;
  const { paths } = walkAll(directory, {
    visit: ({ path }) => {
      if (path.length % 50 === 0) most = Math.max(most, readdirSync("/proc/self/fd").length - before);
    },
  });
  t.equal(paths.length, 2001);
  t.ok(most < 80, `${most} open`);
  t.equal(readdirSync("/proc/self/fd").length, before);
  t.end();
});

t.test("a directory that is replaced while the walk is deep below it is reported, and not read on", (t) => {
  const place = t.testdir({ tenant: {}, other: { z: "secret" } });
  const tenant = join(place, "tenant");
  makeDeepTree(tenant, 100);
  const { paths, warnings } = walkAll(tenant, {
    visit: ({ path }) => {
      if (path.split("/").length !== 100 || !path.endsWith("/d")) return;
      renameSync(join(tenant, "d/d"), join(place, "moved"));
      renameSync(join(place, "other"), join(tenant, "d/d"));
    },
  });
  t.ok(paths.includes("d/z"), "the walk goes on above it");
  t.notOk(paths.includes("d/d/z"));
  t.ok(warnings.some(({ code, path }) => code === "FILE_VANISHED" && path === "d/d"));
  t.end();
});

testOfPermissions(
  t,
  import.meta.url,
  "a directory that must not be read, or may be listed but not entered, fails the walk by its name",
  (t) => {
    for (const mode of [0o000, 0o400]) {
      const directory = stagingDirectory(t);
      mkdirSync(join(directory, "closed"));
      writeFileSync(join(directory, "closed/a"), "123");
      writeFileSync(join(directory, "z"), "");
      chmodSync(join(directory, "closed"), mode);
      t.throws(() => walkAll(directory), {
        code: "FILE_UNREADABLE",
        message: "Tenant acme: file closed cannot be read: EACCES: permission denied.",
      });
      const { paths, warnings, leftOut } = walkAll(directory, { allowUnreadable: true });
      t.strictSame(paths, ["/", "z"]);
      t.match(warnings, [{ code: "FILE_UNREADABLE", path: "closed" }]);
      const unknown = { path: "closed", type: "directory", entries: 1, bytes: 0 };
      t.match(leftOut, [{ ...unknown, reason: "unreadable" }]);
      t.match(walkAll(directory, { exclude: ["closed"] }).leftOut, [
        { ...unknown, reason: "config-exclude" },
      ]);
    }
    t.end();
  },
);

t.test(
  "a directory that is closed to us while the walk is deep below it is reported, and not read on",
  (t) => {
    const directory = t.testdir({});
    makeDeepTree(directory, 100);
    let isClosed = false;
    aroundCalls(t, "openSync", (open, name, ...rest) => {
      if (isClosed && realpathSync(String(name)) === join(directory, "d/d"))
        throw systemError("EACCES", "open");
      return open(name, ...rest);
    });
    const visit = ({ path }: WalkItem): void => {
      isClosed ||= path.split("/").length === 100;
    };
    const { paths, warnings } = walkAll(directory, { allowUnreadable: true, visit });
    t.ok(paths.includes("d/z"), "the walk goes on above it");
    t.notOk(paths.includes("d/d/z"));
    t.ok(warnings.some(({ code, path }) => code === "FILE_UNREADABLE" && path === "d/d"));
    isClosed = false;
    t.throws(() => walkAll(directory, { visit }), { code: "FILE_UNREADABLE", message: /d\/d.*EACCES/ });
    t.end();
  },
);

t.test("what cannot be reached again in a directory that is excluded needs no word", (t) => {
  const directory = t.testdir({ out: {}, z: "" });
  makeDeepTree(join(directory, "out"), 100);
  let opened = 0;
  aroundCalls(t, "openSync", (open, name, ...rest) => {
    if (++opened > 102 && realpathSync(String(name)) === join(directory, "out/d"))
      throw systemError("EACCES", "open");
    return open(name, ...rest);
  });
  const { paths, warnings, leftOut } = walkAll(directory, { exclude: ["out"] });
  t.strictSame(paths, ["/", "z"]);
  t.strictSame(warnings, []);
  t.match(leftOut, [{ path: "out", reason: "config-exclude" }]);
  const [{ entries } = { entries: 0 }] = leftOut;
  t.ok(entries > 100 && entries < 201, `${entries} of 201 are counted`);
  t.end();
});

t.test("a directory that the disk cannot list fails the walk by its name, and is closed again", (t) => {
  const directory = t.testdir({ d: {} });
  const before = readdirSync("/proc/self/fd").length;
  let listings = 0;
  aroundCalls(t, "readdirSync", (readdir, ...args) => {
    if (++listings === 2) throw systemError("EIO", "scandir");
    return readdir(...args);
  });
  t.throws(() => walkAll(directory), {
    code: "FILE_UNREADABLE",
    message: "Tenant acme: file d cannot be read: EIO: i/o error.",
  });
  t.equal(readdirSync("/proc/self/fd").length, before);
  t.end();
});

t.test(
  "an error of the program itself ends the walk, even where unreadable directories are passed over",
  (t) => {
    const directory = t.testdir({ a: { b: "" } });
    let listings = 0;
    aroundCalls(t, "readdirSync", (readdir, name, options) => {
      if (++listings % 2 === 0) throw new Error("a mistake");
      return readdir(name, options);
    });
    t.throws(() => walkAll(directory), { message: "a mistake" });
    t.throws(() => walkAll(directory, { exclude: ["a"] }), { message: "a mistake" });
    t.end();
  },
);

t.test("an excluded file that is gone when it is counted counts as an empty one", (t) => {
  const directory = t.testdir({ a: "", b: "123" });
  const { leftOut } = walkAll(directory, {
    exclude: ["b"],
    visit: ({ path }) => {
      if (path === "a") rmSync(join(directory, "b"));
    },
  });
  t.match(leftOut, [{ path: "b", entries: 1, bytes: 0 }]);
  t.end();
});

t.test("what is excluded is counted as deep as paths may be, and no deeper", (t) => {
  const directory = t.testdir({ out: { sub: { a: "1", b: "1" }, a: "1" } });
  const prefixBytes = 4096 - "out/a".length;
  t.match(walkAll(directory, { exclude: ["out"], prefixBytes }).leftOut, [
    { path: "out", reason: "config-exclude", entries: 3, bytes: 1 },
  ]);
  t.end();
});

t.test("a glob is matched byte by byte against a name that is not UTF-8", (t) => {
  const directory = t.testdir({ "café.log": "" });
  for (const name of ["caf\xe9.log", "caf\xe9.txt"])
    writeFileSync(Buffer.from(`${directory}/${name}`, "latin1"), "");
  const { paths, leftOut } = walkAll(directory, { exclude: ["caf?.log"] });
  t.strictSame(paths, ["/", "caf\xe9.txt"]);
  t.equal(leftOut.length, 2);
  t.end();
});

t.test("a directory with thousands of names is listed like a small one", (t) => {
  const directory = t.testdir({});
  const names = Array.from({ length: 2000 }, (_, i) => `${String(i).padStart(4, "0")}-${"n".repeat(150)}`);
  for (const name of names) writeFileSync(join(directory, name), "");
  t.strictSame(walkAll(directory).paths, ["/", ...names]);
  t.end();
});

t.test("a directory that is removed while it is opened is an empty one", (t) => {
  const directory = t.testdir({ d: {} });
  aroundCalls(t, "openSync", (open, name, ...rest) => {
    const handle = open(name, ...rest);
    if (String(name).endsWith("/d")) rmdirSync(join(directory, "d"));
    return handle;
  });
  const { paths, warnings } = walkAll(directory);
  t.strictSame(paths, ["/", "d/"]);
  t.strictSame(warnings, []);
  t.end();
});
