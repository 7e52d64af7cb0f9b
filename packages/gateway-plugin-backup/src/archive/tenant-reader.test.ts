import Database from "better-sqlite3";
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
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
import { openDirectoryBelow, openRootDirectory } from "./confined.js";
import { DEFAULT_LIMITS, LARGE_FILE_BYTES, SEGMENT_BYTES } from "./format.js";
import type { EntryRecord, SegmentKind } from "./format.js";
import type { FilledSegment } from "./segmenter.js";
import { inspect } from "./sqlite/inspect.js";
import { TenantDatabases } from "./tenant-databases.js";
import type { DatabaseService } from "./tenant-databases.js";
import { TenantReader } from "./tenant-reader.js";
import type { ReadSummary } from "./tenant-reader.js";
import { scanTree } from "./tenant-scan.js";
import type { TenantSource } from "./tenant-source.js";
import { copy } from "./testing/databases.js";
import { segmentEntries } from "./testing/segment-entries.js";
import { stagingDirectory } from "./testing/staging.js";
import { testOfPermissions } from "../test-support/permissions.js";
import { aroundCalls, systemError } from "../test-support/system-calls.js";

/** Moments at which the tenant can be changed under the reader's eyes. */
interface Moments {
  /** After the first pass, before the second. */
  afterScan?(): void;
  /** The reader holds a file that is to be first in a new segment, and has read nothing of it. */
  beforeBuffer?(): void;
  afterSegment?(kind: SegmentKind): void;
}

interface ReadResult extends ReadSummary {
  readonly tar: Buffer;
  readonly entries: readonly EntryRecord[];
}

/** Inspects in this process, which has no database open; copies none. */
function inspectOnly(directory: string): DatabaseService {
  return {
    inspect: ({ directory: path, names }) => {
      const root = openRootDirectory(directory);
      const handle = openDirectoryBelow(root, path);
      const verdicts = names.map((name) => inspect(handle, name));
      closeSync(handle);
      closeSync(root);
      return Promise.resolve(verdicts);
    },
    copy: () => Promise.resolve({ kind: "gone" }),
  };
}

function sourceOf(directory: string): TenantSource {
  return {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
  };
}

async function read(
  directory: string,
  moments: Moments = {},
  changes: Partial<TenantSource> = {},
  service: DatabaseService = inspectOnly(directory),
  temporaryDirectory = "/nonexistent",
): Promise<ReadResult> {
  const source: TenantSource = { ...sourceOf(directory), ...changes };
  const databases = new TenantDatabases(service, temporaryDirectory);
  const { links } = await scanTree(source, databases, { onProgress: () => undefined });
  moments.afterScan?.();
  const raw: Buffer[] = [];
  const entries: EntryRecord[] = [];
  const sink = {
    takeBuffer: () => {
      moments.beforeBuffer?.();
      // Whatever a buffer held before must not show.
      return Promise.resolve(new Uint8Array(SEGMENT_BYTES).fill(0xaa));
    },
    emit: (segment: FilledSegment) => {
      raw.push(Buffer.from(segment.buffer.subarray(0, segment.raw)));
      entries.push(...segmentEntries(segment));
      moments.afterSegment?.(segment.kind);
    },
  };
  const summary = await new TenantReader(source, databases, sink, { links }).read();
  return { ...summary, tar: Buffer.concat(raw), entries };
}

function find(result: ReadResult, path: string): EntryRecord | undefined {
  return result.entries.find((entry) => entry.path === `tenants/acme/${path}`);
}

/** The file's content as GNU tar unpacks it. */
function unpacked(result: ReadResult, path: string): string {
  const options = { input: result.tar, maxBuffer: 64 * SEGMENT_BYTES };
  return execFileSync("tar", ["-xOf", "-", `tenants/acme/${path}`], options).toString("latin1");
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

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

/** Makes a database and lets go of it. */
function makeDatabase(path: string): void {
  const database = new Database(path);
  database.exec("CREATE TABLE t (n)");
  database.close();
}

/** Copies as well, in this process: it has no database open then. */
function copying(directory: string): DatabaseService {
  return { ...inspectOnly(directory), copy: ({ name, copy: file }) => copy(directory, name, file) };
}

t.test("a journal that is gone when its turn comes needs no word; another file does", async (t) => {
  const directory = t.testdir({ a: "", "b-journal": "", b: "plain", "m.sqlite-journal": "" });
  makeDatabase(join(directory, "m.sqlite"));
  const commit = once(() => {
    for (const name of ["b-journal", "m.sqlite-journal"]) rmSync(join(directory, name), { force: true });
  });
  const moments = { beforeBuffer: commit };
  const result = await read(directory, moments, {}, copying(directory), stagingDirectory(t));
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "b-journal" }]);
  t.equal(result.warnings.length, 1);
  t.equal(result.databases, 1);
});

t.test("a journal whose database appears just now is left out with it", async (t) => {
  const directory = t.testdir({ "m-journal": "x".repeat(512) });
  const real = inspectOnly(directory);
  const service: DatabaseService = {
    ...real,
    inspect: async (request) => {
      const verdicts = await real.inspect(request);
      return verdicts.map(({ identity }) => ({ kind: "companion", identity }));
    },
  };
  const result = await read(directory, {}, {}, service);
  t.notOk(find(result, "m-journal"));
  t.strictSame(result.warnings, []);
});

t.test("a file that turns out to be no database when it is copied is read as what it is", async (t) => {
  const directory = t.testdir({});
  const path = join(directory, "m.sqlite");
  makeDatabase(path);
  const service: DatabaseService = {
    ...inspectOnly(directory),
    copy: () => {
      writeFileSync(path, "plain text");
      return Promise.resolve({ kind: "plain" });
    },
  };
  const result = await read(directory, {}, {}, service);
  t.equal(unpacked(result, "m.sqlite"), "plain text");
  t.strictSame(result.warnings, []);
});

t.test("a database that vanishes before it is inspected or copied is reported by name", async (t) => {
  for (const moment of ["inspect", "copy"] as const) {
    const directory = t.testdir({});
    const path = join(directory, "m.sqlite");
    makeDatabase(path);
    const real = inspectOnly(directory);
    const service: DatabaseService = {
      inspect: (request) => {
        if (moment === "inspect") rmSync(path, { force: true });
        return real.inspect(request);
      },
      copy: (request) => {
        rmSync(path, { force: true });
        return real.copy(request);
      },
    };
    const result = await read(directory, {}, {}, service);
    t.match(result.warnings, [{ code: "FILE_VANISHED", path: "m.sqlite" }], moment);
    t.equal(result.entries.length, 1);
  }
});

t.test("a tenant that is gone after the first pass fails the backup by its name", async (t) => {
  const directory = t.testdir({ a: "" });
  await t.rejects(read(directory, { afterScan: () => rmSync(directory, { recursive: true }) }), {
    code: "IO_FAILED",
    message: /^Could not open the directory of tenant acme: ENOENT/,
  });
});

t.test("a copy that was made ahead of a database that then vanishes is removed", async (t) => {
  const directory = t.testdir({});
  for (const name of ["a.sqlite", "b.sqlite", "c.sqlite"]) makeDatabase(join(directory, name));
  const temporary = stagingDirectory(t);
  const real = copying(directory);
  let vanished = (): void => undefined;
  const hasVanished = new Promise<void>((resolve) => (vanished = resolve));
  const service: DatabaseService = {
    ...real,
    copy: async (request) => {
      const answer = await real.copy(request);
      if (request.name === "a.sqlite") await hasVanished;
      if (request.name === "b.sqlite") {
        rmSync(join(directory, "b.sqlite"));
        vanished();
      }
      return answer;
    },
  };
  const result = await read(directory, {}, {}, service, temporary);
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "b.sqlite" }]);
  t.ok(find(result, "a.sqlite") && find(result, "c.sqlite"));
  t.strictSame(readdirSync(temporary), []);
});

t.test("no copy is made ahead of a database that has vanished", async (t) => {
  const directory = t.testdir({});
  for (const name of ["a.sqlite", "b.sqlite"]) makeDatabase(join(directory, name));
  const real = copying(directory);
  const copies: string[] = [];
  const service: DatabaseService = {
    inspect: async (request) => {
      const verdicts = await real.inspect(request);
      rmSync(join(directory, "b.sqlite"), { force: true });
      return verdicts;
    },
    copy: (request) => {
      copies.push(request.name);
      return real.copy(request);
    },
  };
  const result = await read(directory, {}, {}, service, stagingDirectory(t));
  t.strictSame(copies, ["a.sqlite"]);
  t.match(result.warnings, [{ code: "FILE_VANISHED", path: "b.sqlite" }]);
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

t.test("a file that even the helper process cannot read is treated alike", async (t) => {
  const directory = t.testdir({ a: "", sized: "x".repeat(512) });
  const refusing: DatabaseService = {
    inspect: ({ names }) =>
      Promise.resolve(names.map(() => ({ kind: "unreadable", identity: "", reason: "EIO: i/o error" }))),
    copy: () => Promise.resolve({ kind: "gone" }),
  };
  await t.rejects(read(directory, {}, {}, refusing), {
    code: "FILE_UNREADABLE",
    message: "Tenant acme: file sized cannot be read: EIO: i/o error.",
  });
  const result = await read(directory, {}, { allowUnreadable: true }, refusing);
  t.match(result.warnings, [{ code: "FILE_UNREADABLE", path: "sized" }]);
  t.strictSame(
    result.entries.map(({ path }) => path),
    ["tenants/acme/a", "tenants/acme"],
  );
});

t.test("an empty file is archived without being opened", async (t) => {
  const directory = t.testdir({ empty: "" });
  execFileSync("chmod", ["000", join(directory, "empty")]);
  const result = await read(directory);
  t.match(find(result, "empty"), { size: 0, mode: 0, sha256: hash("sha256", "") });
});
