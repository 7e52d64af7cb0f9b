/** What changes between the first pass, which decides what is taken over, and the second. */
import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS, SEGMENT_BYTES } from "../format.js";
import type { EntryRecord } from "../format.js";
import { TenantDatabases } from "../tenant-databases.js";
import { TenantReader, type ReadSummary } from "../tenant-reader.js";
import { scanTree } from "../tenant-scan.js";
import type { FilledSegment } from "../segmenter.js";
import { inspectOnly, sourceOf } from "../testing/read-tenant.js";
import { segmentEntries } from "../testing/segment-entries.js";
import { baseOf, writeToMemory } from "../testing/write-to-memory.js";
import { aroundCalls, systemError } from "../../test-support/system-calls.js";
import { BaseTable } from "./base-table.js";
import { Comparison } from "./comparison.js";
import { STATE_BYTES, stateOf } from "./facts.js";
import { Survival } from "./survival.js";

const MIB = 1024 * 1024;
const LATER_MS = 3_600_000;
/** What the first archive knows of the files depends on how long ago they were made. */
const NOTHING_KNOWN = new Uint8Array(0);

interface Result extends ReadSummary {
  /** Of files and links, without the root; `+` before those that are not taken over. */
  readonly paths: readonly string[];
  readonly entries: readonly EntryRecord[];
  readonly compared: number;
  readonly survival: Survival;
}

interface Moments {
  readonly beforeScan?: () => void;
  readonly afterScan?: () => void;
  /** Milliseconds from now at which it all happens. */
  readonly inMs?: number;
  /** What is known of the base's files; default: nothing. */
  readonly states?: Uint8Array;
}

/** Both passes as the reader thread makes them, against a base that is `directory` as it is now. */
async function readAgain(directory: string, moments: Moments = {}): Promise<Result> {
  const first = await writeToMemory(directory);
  const base = await baseOf(first, moments.states ?? NOTHING_KNOWN);
  const now = (): number => Date.now() + (moments.inMs ?? 0);
  const source = sourceOf(directory);
  moments.beforeScan?.();
  const table = new BaseTable(base.payload, DEFAULT_LIMITS, base.states);
  const databases = new TenantDatabases(inspectOnly(directory), "");
  const comparison = new Comparison(source, table, databases, now);
  const { links } = await scanTree(source, databases, { onProgress: () => undefined, comparison });
  const survival = new Survival(table);
  moments.afterScan?.();
  const entries: EntryRecord[] = [];
  const sink = {
    takeBuffer: () => Promise.resolve(new Uint8Array(new SharedArrayBuffer(SEGMENT_BYTES))),
    emit: (segment: FilledSegment) => void entries.push(...segmentEntries(segment)),
  };
  const read = await new TenantReader(source, databases, sink, { links, survival, now }).read();
  const taken = [...survival.entries()].map(({ entry }) => entry.path);
  const made = entries.filter(({ type }) => type !== "directory").map(({ path }) => `+${path}`);
  const paths = [...taken, ...made].map((path) => path.replace("tenants/acme/", ""));
  return { ...read, paths, entries, compared: comparison.bytesRead, survival };
}

/** 6 MiB, of which everything is taken over. */
function makeTenant(t: Test): string {
  const directory = t.testdir({ d: {}, "tenant.json": "{}" });
  for (let i = 0; i < 12; i++)
    writeFileSync(join(directory, "d", `f${i % 10}${i}`), randomBytes(MIB / 2 + 3));
  writeFileSync(join(directory, "d", "empty"), "");
  symlinkSync("empty", join(directory, "d", "link"));
  return directory;
}

t.test("files that have not changed are not read, and those of which nothing is known are", async (t) => {
  const directory = makeTenant(t);
  const first = await readAgain(directory);
  t.ok(first.compared > 6 * MIB, "nothing is known of them");
  t.equal(first.bytesRead, 0);
  t.notOk(first.paths.some((path) => path.startsWith("+")));
  const settled = await readAgain(directory, { inMs: LATER_MS });
  t.ok(settled.states.some((byte) => byte !== 0));
  const known = await readAgain(directory, { inMs: LATER_MS, states: settled.states });
  t.equal(known.compared, 0);
  t.strictSame(known.states, settled.states, "what is known stays known");
  t.equal(known.survival.segments, 2);
});

t.test("a database that has not changed is taken over, and counted like one that was copied", async (t) => {
  const directory = makeTenant(t);
  const database = new Database(join(directory, "d", "memory.sqlite"));
  database.exec("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(6000000))").close();
  const { entries } = await writeToMemory(directory);
  const states = entries.map(({ type, path }) => {
    if (type !== "file") return new Uint8Array(STATE_BYTES);
    const main = statSync(join(directory, path.replace("tenants/acme/", "")), { bigint: true });
    return stateOf({ main }, Date.now() + LATER_MS) ?? new Uint8Array(STATE_BYTES);
  });
  const read = await readAgain(directory, { inMs: LATER_MS, states: Buffer.concat(states) });
  t.equal(read.compared, 0);
  t.ok(read.paths.includes("d/memory.sqlite"));
  t.equal(read.databases, 1);
});

t.test("the state of a file that was read anew is known, and no other's", async (t) => {
  const directory = makeTenant(t);
  const settled = await readAgain(directory, { inMs: LATER_MS });
  const { states, paths } = await readAgain(directory, {
    ...{ inMs: LATER_MS, states: settled.states },
    beforeScan: () => writeFileSync(join(directory, "tenant.json"), "{ }"),
  });
  const at = paths.indexOf("+tenant.json");
  t.ok(at > 0);
  t.ok(states.subarray(at * STATE_BYTES, (at + 1) * STATE_BYTES).some((byte) => byte !== 0));
});

t.test("a directory that vanishes after it was found unchanged is archived as it was", async (t) => {
  const directory = makeTenant(t);
  const { mtimeNs } = statSync(join(directory, "d"), { bigint: true });
  const { entries, warnings, paths } = await readAgain(directory, {
    afterScan: () => rmSync(join(directory, "d"), { recursive: true }),
  });
  t.equal(paths.filter((path) => path.startsWith("d/")).length, 14);
  t.match(
    entries.find(({ path }) => path === "tenants/acme/d"),
    { type: "directory", mtimeNs },
  );
  t.match(warnings, [{ code: "FILE_VANISHED", path: "d" }]);
});

t.test("what takes the place of something that is taken over is left out, and reported", async (t) => {
  const directory = makeTenant(t);
  const { warnings, paths } = await readAgain(directory, {
    afterScan: () => {
      renameSync(join(directory, "d"), join(directory, "e"));
      writeFileSync(join(directory, "d"), "a file now");
    },
  });
  t.match(
    warnings.find(({ path }) => path === "d"),
    { code: "FILE_CHANGED" },
  );
  t.notOk(paths.includes("+d"));
  t.ok(paths.includes("d/empty") && paths.includes("+e/empty"));

  const other = makeTenant(t);
  const replaced = await readAgain(other, {
    afterScan: () => {
      rmSync(join(other, "d", "empty"));
      mkdirSync(join(other, "d", "empty", "deep"), { recursive: true });
      writeFileSync(join(other, "d", "empty", "deep", "new"), "x");
    },
  });
  t.match(replaced.warnings, [{ code: "FILE_CHANGED", path: "d/empty" }]);
  t.notOk(replaced.paths.some((path) => path.startsWith("+d")));
});

/** What happens to `tenant.json` at the moment when the first pass is about to look at, open or read it. */
const meddling: Record<string, (t: Test, file: string) => void> = {
  "is gone when it is looked at": (t, file) => beforeOpening(t, file, () => rmSync(file)),
  "is a directory when it is looked at": (t, file) =>
    beforeOpening(t, file, () => {
      rmSync(file);
      mkdirSync(file);
    }),
  "has another size when it is looked at": (t, file) =>
    beforeOpening(t, file, () => writeFileSync(file, "larger")),
  "has shrunk when it is read": (t) => {
    aroundCalls(t, "readSync", (call, ...args) => (args[3] === 2 ? 0 : call(...args)));
  },
  "is touched while it is read": (t, file) => {
    aroundCalls(t, "readSync", (call, ...args) => {
      if (args[3] === 2) utimesSync(file, 1, 1);
      return call(...args);
    });
  },
  "cannot be opened": (t, file) => {
    beforeOpening(t, file, () => {
      throw systemError("EACCES", "open");
    });
  },
};

function beforeOpening(t: Test, file: string, meddle: () => void): void {
  let isDone = false;
  aroundCalls(t, "openSync", (call, ...args) => {
    if (!isDone && String(args[0]).endsWith(`/${basename(file)}`)) {
      isDone = true;
      meddle();
    }
    return call(...args);
  });
}

for (const [what, meddle] of Object.entries(meddling)) {
  t.test(`a file that ${what} is left to the second pass`, async (t) => {
    const directory = makeTenant(t);
    const beforeScan = (): void => meddle(t, join(directory, "tenant.json"));
    const { paths } = await readAgain(directory, { beforeScan });
    t.notOk(paths.includes("tenant.json"));
  });
}

t.test("what may be an encrypted database is not compared as a file", async (t) => {
  const directory = makeTenant(t);
  writeFileSync(join(directory, "vault"), randomBytes(4096));
  const { paths } = await readAgain(directory);
  t.notOk(paths.includes("vault"));
});

t.test("a fault of the program is no fault of a file", async (t) => {
  const directory = makeTenant(t);
  const fail = (): never => {
    throw new Error("a bug");
  };
  const beforeScan = (): void => beforeOpening(t, join(directory, "tenant.json"), fail);
  await t.rejects(readAgain(directory, { beforeScan }), { message: "a bug" });
});
