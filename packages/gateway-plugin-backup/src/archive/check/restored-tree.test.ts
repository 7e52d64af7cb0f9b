import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { DEFAULT_LIMITS } from "../format.js";
import { openIndex, type OpenIndex } from "../open.js";
import { buildArchive, sampleEntries, type SampleEntry } from "../testing/archive-builder.js";
import { create } from "../testing/databases.js";
import { extractInProcess } from "../testing/extract-in-process.js";
import { memorySource } from "../testing/memory-source.js";
import { stagingDirectory } from "../testing/staging.js";
import { MAX_FINDINGS } from "./findings.js";
import { checkRestoredTree, type TreeCheckRequest, type TreeReport } from "./restored-tree.js";

interface Restored {
  readonly tree: string;
  readonly check: (changes?: Partial<TreeCheckRequest>) => Promise<TreeReport>;
}

function checker(tree: string, copies: string, index: OpenIndex | undefined): Restored["check"] {
  return async (changes = {}) => {
    const report = await checkRestoredTree({
      tree,
      index,
      limits: DEFAULT_LIMITS,
      temporaryDirectory: copies,
      subject: "The drill of tenant acme",
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...changes,
    });
    return report;
  };
}

async function restored(t: Test, entries: readonly SampleEntry[]): Promise<Restored> {
  const bytes = buildArchive(entries);
  const tree = stagingDirectory(t);
  await extractInProcess(bytes, tree);
  const index = await openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS);
  return { tree, check: checker(tree, stagingDirectory(t), index) };
}

/** A tree that no index speaks of. */
function foreign(t: Test): Restored {
  const tree = stagingDirectory(t);
  return { tree, check: checker(tree, stagingDirectory(t), undefined) };
}

t.test("a tree as it was restored has nothing wrong with it, whatever its modes are", async (t) => {
  const { check } = await restored(t, [
    ...sampleEntries(),
    { path: "locked", type: "directory", mode: 0o000 },
    { path: "locked/secret.json", mode: 0o000, content: "{}" },
    { path: "old", mtimeNs: -1_000_000_000_000_000_000n },
    { path: "late", mtimeNs: 9_000_000_000_000_000_000n },
  ]);
  const progress: number[] = [];
  const report = await check({ onProgress: ({ files }) => progress.push(files) });
  t.match(report, {
    entries: 13,
    files: 7,
    findings: [],
    counts: { problem: 0, warning: 0 },
    databases: { checked: 0, damaged: 0, unchecked: 0 },
    json: { checked: 3, wrong: 0, torn: 0 },
  });
  t.strictSame(progress, [1, 2, 3, 4, 5, 6, 7]);
});

t.test("a tree that is not there cannot be looked at", async (t) => {
  const check = checker(join(stagingDirectory(t), "none"), stagingDirectory(t), undefined);
  await t.rejects(check(), { code: "IO_FAILED", message: /look at what was restored to .*none/ });
});

t.test("what is not as the index says is named", async (t) => {
  const { tree, check } = await restored(t, sampleEntries());
  chmodSync(join(tree, "workspace"), 0o700);
  writeFileSync(join(tree, "sessions/a.jsonl"), '{"hello":"World"}\n');
  utimesSync(join(tree, "sessions/empty"), 1, 1);
  truncateSync(join(tree, "workspace/large.bin"), 10);
  rmSync(join(tree, "workspace/latest"));
  symlinkSync("elsewhere", join(tree, "workspace/latest"));
  lutimesSync(join(tree, "workspace/latest"), 1_700_000_000.123456, 1_700_000_000.123456);
  rmSync(join(tree, "empty"), { recursive: true });
  writeFileSync(join(tree, "empty"), "");
  rmSync(join(tree, "tenant.json"));
  for (const name of ["more", "much-more"]) writeFileSync(join(tree, "sessions", name), "");
  const { findings, counts } = await check();
  const found = Object.fromEntries(findings.map(({ path, message }) => [path, message]));
  t.match(found, {
    "sessions/a.jsonl": /another time, content than/,
    "sessions/empty": /another time than/,
    "tenant.json": /not there/,
    "workspace/latest": /another target than/,
    "workspace/large.bin": /another size, time, content than/,
    empty: /another type, content than/,
    workspace: /another mode, time than/,
    "": /10 entries where the index has 9/,
  });
  t.equal(counts.problem, findings.length);
  t.ok(findings.every(({ code }) => code === "RESTORED_DIFFERENTLY"));
});

t.test(
  "JSON that is none is a problem, below workspace/ a warning; a torn last line is a warning",
  async (t) => {
    const { tree, check } = foreign(t);
    for (const directory of ["cron", "sessions", "workspace/deep"])
      mkdirSync(join(tree, directory), { recursive: true });
    writeFileSync(join(tree, "cron/jobs.json"), '{"jobs":[');
    writeFileSync(join(tree, "sessions/a.jsonl"), "{}\n{]\n{}\n");
    writeFileSync(join(tree, "sessions/b.NDJSON"), '{}\n{"a":');
    writeFileSync(join(tree, "sessions/c.txt"), "{");
    writeFileSync(join(tree, "workspace/deep/tsconfig.json"), "// no JSON");
    const { findings, ...report } = await check();
    t.match(report, {
      json: { checked: 4, wrong: 3, torn: 1 },
      counts: { problem: 2, warning: 2 },
      entries: 10,
      files: 5,
    });
    t.strictSame(
      [...findings]
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map(({ severity, code, path }) => [severity, code, path]),
      [
        ["problem", "JSON_WRONG", "cron/jobs.json"],
        ["problem", "JSON_WRONG", "sessions/a.jsonl"],
        ["warning", "JSON_TORN", "sessions/b.NDJSON"],
        ["warning", "JSON_WRONG", "workspace/deep/tsconfig.json"],
      ],
    );
    t.match(findings.find(({ path }) => path === "sessions/a.jsonl")?.message, "Line 2 is not JSON.");
  },
);

t.test("databases are checked, by what is in them or by their names", async (t) => {
  const { tree, check } = foreign(t);
  create(join(tree, "sound"), "wal").close();
  create(join(tree, "torn.sqlite"), "delete", 500).close();
  truncateSync(join(tree, "torn.sqlite"), 20_000);
  mkdirSync(join(tree, "workspace"));
  writeFileSync(join(tree, "workspace/thumbs.db"), "no database");
  writeFileSync(join(tree, "empty.db"), "");
  // No header, and nothing else to be seen: encrypted.
  writeFileSync(join(tree, "sealed.db"), randomBytes(4096));
  const { databases, findings } = await check();
  t.strictSame(databases, { checked: 2, damaged: 1, unchecked: 1 });
  t.match(
    new Map(findings.map(({ path, code }) => [path, code])),
    new Map([
      ["torn.sqlite", "DATABASE_DAMAGED"],
      ["workspace/thumbs.db", "NO_DATABASE"],
    ]),
  );
});

t.test(
  "an index that does not belong to its table is found, which a backup's own check passes",
  async (t) => {
    const { tree, check } = foreign(t);
    const path = join(tree, "memory.sqlite");
    const database = new Database(path);
    database.exec("CREATE TABLE t (a, b); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1, 2), (3, 4)");
    database
      .unsafeMode()
      .exec(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (b)' WHERE name = 'i'",
      );
    database.close();
    const reopened = new Database(path);
    t.equal(reopened.pragma("quick_check", { simple: true }), "ok");
    reopened.close();
    t.match(await check(), {
      databases: { checked: 1, damaged: 1 },
      findings: [{ code: "DATABASE_DAMAGED", path: "memory.sqlite", message: /index i/ }],
    });
  },
);

t.test(
  "copies of databases are gone afterwards, and a directory that takes none ends the check",
  async (t) => {
    const { tree, check } = foreign(t);
    create(join(tree, "a.sqlite"), "delete").close();
    const copies = stagingDirectory(t);
    await check({ temporaryDirectory: copies });
    t.strictSame(readdirSync(copies), []);
    await t.rejects(check({ temporaryDirectory: join(copies, "missing") }), {
      code: "IO_FAILED",
      message: /a\.sqlite/,
    });
  },
);

t.test("of very many findings the first are named, and all are counted", async (t) => {
  const { tree, check } = foreign(t);
  for (let n = 0; n < MAX_FINDINGS + 20; n++) writeFileSync(join(tree, `${n}.json`), "");
  const { findings, counts } = await check();
  t.equal(findings.length, MAX_FINDINGS);
  t.strictSame(counts, { problem: MAX_FINDINGS + 20, warning: 0 });
});

t.test("a check that is cancelled ends, and a tree that is gone cannot be looked at", async (t) => {
  const { tree, check } = await restored(t, sampleEntries());
  const signal = AbortSignal.abort(new BackupError("JOB_CANCELLED", "The job was cancelled."));
  await t.rejects(check({ signal }), { code: "JOB_CANCELLED" });
  await t.rejects(check({ tree: join(tree, "gone") }), { code: "IO_FAILED" });
});
