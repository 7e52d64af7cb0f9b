import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
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
import { testOfPermissions } from "../test-support/permissions.js";

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

async function read(
  directory: string,
  moments: Moments = {},
  changes: Partial<TenantSource> = {},
  service: DatabaseService = inspectOnly(directory),
): Promise<ReadResult> {
  const source: TenantSource = {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
    ...changes,
  };
  const databases = new TenantDatabases(service, "/nonexistent");
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
      entries.push(...segment.entries);
      moments.afterSegment?.(segment.kind);
    },
  };
  const summary = await new TenantReader(source, databases, links, sink).read();
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
