import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { LARGE_FILE_BYTES, SEGMENT_BYTES } from "./format.js";
import { TenantDatabases } from "./tenant-databases.js";
import { scanTree } from "./tenant-scan.js";
import { find, inspectOnly, once, read, sourceOf, unpacked } from "./testing/read-tenant.js";
import type { Moments } from "./testing/read-tenant.js";
import { testOfPermissions } from "../test-support/permissions.js";
import { aroundCalls, systemError } from "../test-support/system-calls.js";

t.test(
  "a file that grows while it is read is archived at the size it had when opened, without a warning",
  async (t) => {
    const directory = t.testdir({ log: "line 1\n" });
    const result = await read(directory, {
      beforeBuffer: once(() => appendFileSync(join(directory, "log"), "line 2\n")),
    });
    t.equal(unpacked(result, "log"), "line 1\n");
    t.strictSame(result.warnings, []);
    t.strictSame(find(result, "log")?.flags, []);
  },
);

t.test("a small file that shrinks is read again", async (t) => {
  const directory = t.testdir({ state: "a long content" });
  const result = await read(directory, {
    beforeBuffer: once(() => writeFileSync(join(directory, "state"), "short")),
  });
  t.equal(unpacked(result, "state"), "short");
  t.strictSame(result.warnings, []);
  t.equal(find(result, "state")?.sha256, hash("sha256", "short"));
});

t.test("a small file that is replaced by rename is archived as it was when opened", async (t) => {
  const directory = t.testdir({ state: "before" });
  const path = join(directory, "state");
  const replace = once(() => {
    writeFileSync(`${path}.new`, "after, longer");
    renameSync(`${path}.new`, path);
  });
  const result = await read(directory, { beforeBuffer: replace });
  t.equal(unpacked(result, "state"), "before");
  t.strictSame(result.warnings, []);
});

t.test("a large file that ends early is filled with zeros, flagged and reported", async (t) => {
  const directory = t.testdir({});
  const path = join(directory, "large");
  const size = 2 * SEGMENT_BYTES + 1000;
  writeFileSync(path, Buffer.alloc(size, "x"));
  const kept = SEGMENT_BYTES + 10;
  const result = await read(directory, {
    afterSegment: (kind) => {
      if (kind === "head") truncateSync(path, kept);
    },
  });
  const content = "x".repeat(kept) + "\0".repeat(size - kept);
  t.ok(unpacked(result, "large") === content);
  t.match(result.warnings, [{ code: "FILE_TRUNCATED", path: "large" }]);
  t.match(find(result, "large"), {
    flags: ["truncated"],
    size,
    sha256: hash("sha256", Buffer.from(content)),
  });
});

t.test(
  "a large file that is written to in place is flagged and reported; one that only grows is not",
  async (t) => {
    const directory = t.testdir({});
    for (const name of ["changed", "grown"]) {
      writeFileSync(join(directory, name), Buffer.alloc(LARGE_FILE_BYTES + 1, "x"));
      utimesSync(join(directory, name), 1, 1);
    }
    let heads = 0;
    const result = await read(directory, {
      afterSegment: (kind) => {
        if (kind !== "head") return;
        if (++heads === 2) appendFileSync(join(directory, "grown"), "more");
        if (heads > 1) return;
        const handle = openSync(join(directory, "changed"), "r+");
        writeSync(handle, "y", 5);
        closeSync(handle);
      },
    });
    t.strictSame(find(result, "changed")?.flags, ["changed"]);
    t.strictSame(find(result, "grown")?.flags, []);
    t.equal(find(result, "grown")?.size, LARGE_FILE_BYTES + 1);
    t.match(result.warnings, [{ code: "FILE_CHANGED", path: "changed" }]);
    t.equal(result.warnings.length, 1);
  },
);

t.test("a small file that has become a large one is read in pieces", async (t) => {
  const directory = t.testdir({ log: "x" });
  const path = join(directory, "log");
  const result = await read(directory, {
    afterScan: () => writeFileSync(path, Buffer.alloc(LARGE_FILE_BYTES, "y")),
  });
  t.equal(find(result, "log")?.size, LARGE_FILE_BYTES);
  t.ok(unpacked(result, "log") === "y".repeat(LARGE_FILE_BYTES));
});

t.test("a large file that has become a small one while it waited for its turn is archived", async (t) => {
  const directory = t.testdir({ a: "pack" });
  const path = join(directory, "large");
  writeFileSync(path, Buffer.alloc(LARGE_FILE_BYTES + 1));
  const result = await read(directory, { beforeBuffer: once(() => writeFileSync(path, "small now")) });
  t.equal(unpacked(result, "large"), "small now");
  t.equal(unpacked(result, "a"), "pack");
});

t.test("files that vanish or turn into something else between the passes are reported by name", async (t) => {
  const directory = t.testdir({ a: "", b: "", c: "", d: "", z: "stays" });
  const path = (name: string): string => join(directory, name);
  const result = await read(directory, {
    // The listing of the directory is made by then.
    beforeBuffer: once(() => {
      unlinkSync(path("b"));
      rmSync(path("c"));
      execFileSync("mkfifo", [path("c")]);
      rmSync(path("d"));
      mkdirSync(path("d"));
    }),
  });
  t.strictSame(
    result.warnings.map(({ code, path }) => `${code} ${path}`),
    ["FILE_VANISHED b", "FILE_VANISHED c", "FILE_VANISHED d"],
  );
  t.ok(find(result, "a"));
  t.ok(find(result, "z"));
});

t.test("directories come after what they hold, in the reverse order of their paths' bytes", async (t) => {
  const { entries } = await read(t.testdir({ a: { b: {} }, "a-b": {}, "a.b": {} }));
  const root = "tenants/acme";
  t.strictSame(
    entries.map(({ path }) => path),
    [`${root}/a/b`, `${root}/a.b`, `${root}/a-b`, `${root}/a`, root],
  );
});

t.test("a large file that vanishes before its turn is reported", async (t) => {
  const directory = t.testdir({ sub: {} });
  writeFileSync(join(directory, "before"), Buffer.alloc(LARGE_FILE_BYTES));
  writeFileSync(join(directory, "sub/large"), Buffer.alloc(LARGE_FILE_BYTES));
  const result = await read(directory, {
    afterSegment: once(() => {
      rmSync(join(directory, "sub"), { recursive: true });
    }),
  });
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "sub/large" }]);
});

t.test(
  "a file whose name now stands for a link to another tenant's file is not read through it",
  async (t) => {
    const place = t.testdir({ acme: { a: "", secret: "own" }, other: { secret: "foreign" } });
    const directory = join(place, "acme");
    const result = await read(directory, {
      beforeBuffer: once(() => {
        unlinkSync(join(directory, "secret"));
        symlinkSync("../other/secret", join(directory, "secret"));
      }),
    });
    t.match(result.warnings, [{ code: "FILE_VANISHED", path: "secret" }]);
    t.notOk(result.tar.includes("foreign"));
  },
);

t.test("a parent of a large file that is swapped for a link is not followed", async (t) => {
  const place = t.testdir({ acme: { sub: {} }, other: {} });
  const directory = join(place, "acme");
  writeFileSync(join(directory, "before"), Buffer.alloc(LARGE_FILE_BYTES));
  writeFileSync(join(directory, "sub/large"), Buffer.alloc(LARGE_FILE_BYTES, "o"));
  writeFileSync(join(place, "other/large"), Buffer.alloc(LARGE_FILE_BYTES, "f"));
  const result = await read(directory, {
    afterSegment: once(() => {
      rmSync(join(directory, "sub"), { recursive: true });
      symlinkSync("../other", join(directory, "sub"));
    }),
  });
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "sub/large" }]);
  t.notOk(find(result, "sub/large"));
});

t.test("a link that appears or is turned elsewhere after the scan cannot lead out", async (t) => {
  const directory = t.testdir({ a: "", turned: t.fixture("symlink", "a") });
  const result = await read(directory, {
    afterScan: () => {
      symlinkSync("/etc/passwd", join(directory, "new"));
      rmSync(join(directory, "turned"));
      symlinkSync("/etc/passwd", join(directory, "turned"));
    },
  });
  t.equal(find(result, "turned")?.target, "a");
  t.notOk(find(result, "new"));
  t.match(result.warnings, [{ code: "FILE_CHANGED", path: "new" }]);
});

t.test("a file that is gone when the first pass comes to it is not counted", async (t) => {
  const directory = t.testdir({ a: "12", b: "345" });
  aroundCalls(t, "lstatSync", (lstat, name, ...options) => {
    if (String(name).endsWith("/b")) rmSync(join(directory, "b"), { force: true });
    return lstat(name, ...options);
  });
  const databases = new TenantDatabases(inspectOnly(directory), "/nonexistent");
  const { scan } = await scanTree(sourceOf(directory), databases, { onProgress: () => undefined });
  t.match(scan, { totals: { files: 1, contentBytes: 2 }, warnings: [] });
});

t.test("a large file that cannot be opened when its turn comes is left out, where allowed", async (t) => {
  const directory = t.testdir({});
  for (const name of ["first", "second"])
    writeFileSync(join(directory, name), Buffer.alloc(LARGE_FILE_BYTES));
  let isSecondsTurn = false;
  aroundCalls(t, "openSync", (open, name, ...flags) => {
    if (isSecondsTurn && String(name).endsWith("/second")) throw systemError("EACCES", "open");
    return open(name, ...flags);
  });
  const moments = { afterSegment: () => void (isSecondsTurn = true) };
  const result = await read(directory, moments, { allowUnreadable: true });
  t.match(result.warnings, [{ code: "FILE_UNREADABLE", path: "second" }]);
  t.ok(find(result, "first"));
  t.notOk(find(result, "second"));
});

t.test("a file whose access time only its owner may keep is read all the same", async (t) => {
  const directory = t.testdir({ theirs: "content" });
  aroundCalls(t, "openSync", (open, name, flags, ...mode) => {
    if ((Number(flags) & constants.O_NOATIME) !== 0) throw systemError("EPERM", "open");
    return open(name, flags, ...mode);
  });
  t.equal(unpacked(await read(directory), "theirs"), "content");
});

t.test("a large journal that becomes dangerous while it is read is archived without its end", async (t) => {
  const directory = t.testdir({});
  const path = join(directory, "m-journal");
  writeFileSync(path, Buffer.alloc(LARGE_FILE_BYTES, "x"));
  const result = await read(directory, {
    afterSegment: once(() => {
      const handle = openSync(path, "r+");
      writeSync(handle, Buffer.from("d9d505f920a163d7", "hex"), 0, 8, LARGE_FILE_BYTES - 8);
      closeSync(handle);
    }),
  });
  t.ok(unpacked(result, "m-journal") === "x".repeat(LARGE_FILE_BYTES - 8) + "\0".repeat(8));
  t.strictSame(find(result, "m-journal")?.flags, ["truncated"]);
  t.match(result.warnings, [{ code: "FILE_TRUNCATED", path: "m-journal" }]);
});
t.test("a tenant that is gone after the first pass fails the backup by its name", async (t) => {
  const directory = t.testdir({ a: "" });
  await t.rejects(read(directory, { afterScan: () => rmSync(directory, { recursive: true }) }), {
    code: "IO_FAILED",
    message: /^Could not open the directory of tenant acme: ENOENT/,
  });
});

for (const [what, path, refused] of [
  ["a small file", "sub/small", "/small"],
  ["the directory of a large file", "sub/large", "/sub"],
] as const)
  t.test(`${what} that cannot be reached any more fails the backup by name, or is left out`, async (t) => {
    const directory = t.testdir({ a: "", sub: { small: "content" } });
    for (const name of ["before", "sub/large"])
      writeFileSync(join(directory, name), Buffer.alloc(LARGE_FILE_BYTES));
    let isClosed = false;
    aroundCalls(t, "openSync", (open, name, ...rest) => {
      if (isClosed && String(name).endsWith(refused)) throw systemError("EACCES", "open");
      return open(name, ...rest);
    });
    const close = (): void => {
      isClosed = true;
    };
    const moments: Moments = path === "sub/small" ? { afterScan: close } : { afterSegment: close };
    await t.rejects(read(directory, moments), {
      code: "FILE_UNREADABLE",
      message: `Tenant acme: file ${path} cannot be read: EACCES: permission denied.`,
    });
    isClosed = false;
    const result = await read(directory, moments, { allowUnreadable: true });
    t.match(result.warnings, [{ code: "FILE_UNREADABLE", path }]);
    t.notOk(find(result, path));
  });

testOfPermissions(
  t,
  import.meta.url,
  "a file that must not be read fails the backup by name, or is left out where that is allowed",
  async (t) => {
    const directory = t.testdir({ a: "", locked: "secret" });
    execFileSync("chmod", ["000", join(directory, "locked")]);
    await t.rejects(read(directory), {
      code: "FILE_UNREADABLE",
      message: /Tenant acme: file locked .*permission denied/,
    });
    const result = await read(directory, {}, { allowUnreadable: true });
    t.match(result.warnings, [{ code: "FILE_UNREADABLE", path: "locked" }]);
    t.notOk(find(result, "locked"));
    t.ok(find(result, "a"));
  },
);

t.test("an empty file is archived without being opened", async (t) => {
  const directory = t.testdir({ empty: "" });
  execFileSync("chmod", ["000", join(directory, "empty")]);
  const result = await read(directory);
  t.match(find(result, "empty"), { size: 0, mode: 0, sha256: hash("sha256", "") });
});
