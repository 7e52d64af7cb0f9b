import Database from "better-sqlite3";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BackupError } from "../errors.js";
import { DEFAULT_LIMITS } from "./format.js";
import { scanTenant } from "./scan.js";
import type { ScanRequest } from "./scan.js";
import { stagingDirectory } from "./testing/staging.js";
import { testOfPermissions } from "../test-support/permissions.js";

function request(directory: string, changes: Partial<ScanRequest> = {}): ScanRequest {
  return {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
    planFile: undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

t.test("a scan tells what a backup would hold, leave out and report", async (t) => {
  const directory = t.testdir({
    "tenant.json": "{}",
    sessions: { "a.jsonl": "x".repeat(1000) },
    "app.log": "12345",
    pty: { "0": "never" },
    inside: t.fixture("symlink", "sessions"),
    outside: t.fixture("symlink", "/etc/passwd"),
  });
  const scan = await scanTenant(request(directory, { exclude: ["*.log"] }));
  t.strictSame(scan.totals, { entries: 5, files: 2, directories: 2, symlinks: 1, contentBytes: 1002 });
  t.match(scan.excluded, { entries: 1, bytes: 5, config: { entries: 1, bytes: 5 } });
  t.match(scan.warnings, [{ code: "LINK_ESCAPES", path: "outside" }]);
  t.strictSame(scan.largest, [
    { path: "sessions/a.jsonl", size: 1000 },
    { path: "tenant.json", size: 2 },
  ]);
  t.strictSame(scan.largestDirectories, [{ path: "sessions", size: 1000 }]);
  t.strictSame(scan.topLevel, [
    { path: "sessions", files: 1, bytes: 1000 },
    { path: ".", files: 1, bytes: 2 },
  ]);
  t.match(
    scan.leftOut,
    [
      { reason: "config-exclude", rule: "*.log", paths: 1, entries: 1, bytes: 5, examples: ["app.log"] },
      { reason: "ephemeral", paths: 1, entries: 2, bytes: 5, examples: ["pty"] },
      { reason: "escaping-link", paths: 1, entries: 1, bytes: 0, examples: ["outside"] },
    ].sort((a, b) => b.bytes - a.bytes || b.entries - a.entries),
  );
});

t.test(
  "the complete list names every entry, with the reason of what is left out, and is the gateway's alone",
  async (t) => {
    const directory = t.testdir({
      "a.txt": "12345",
      workspace: { ".backupignore": "*.tmp\nbuild/\n", "x.tmp": "1", build: { deep: { o: "123" } } },
      link: t.fixture("symlink", "a.txt"),
    });
    writeFileSync(Buffer.from(`${directory}/caf\xe9`, "latin1"), "");
    const planFile = join(stagingDirectory(t), "plan.jsonl");
    await scanTenant(request(directory, { planFile }));
    t.equal(statSync(planFile).mode & 0o777, 0o600);
    const lines = readFileSync(planFile, "utf8").trimEnd().split("\n");
    t.strictSame(
      lines.map((line) => JSON.parse(line) as unknown),
      [
        { kind: "include", path: "", type: "directory", size: 0 },
        { kind: "include", path: "a.txt", type: "file", size: 5 },
        {
          kind: "include",
          path64: Buffer.from("caf\xe9", "latin1").toString("base64"),
          type: "file",
          size: 0,
        },
        { kind: "include", path: "workspace", type: "directory", size: 0 },
        { kind: "include", path: "workspace/.backupignore", type: "file", size: 13 },
        {
          ...{ kind: "leave-out", path: "workspace/build", type: "directory", reason: "backupignore" },
          ...{ rule: "workspace/.backupignore:2", entries: 3, bytes: 3 },
        },
        {
          ...{ kind: "leave-out", path: "workspace/x.tmp", type: "file", reason: "backupignore" },
          ...{ rule: "workspace/.backupignore:1", entries: 1, bytes: 1 },
        },
        { kind: "include", path: "link", type: "symlink", size: 0 },
        { kind: "end", complete: true },
      ],
    );
    await t.rejects(scanTenant(request(directory, { planFile })), { code: "IO_FAILED", message: /EEXIST/ });
  },
);

t.test("the companions of a database are listed as left out", async (t) => {
  const directory = t.testdir({});
  const database = new Database(join(directory, "m.sqlite"));
  t.teardown(() => database.close());
  database.pragma("journal_mode = WAL");
  database.exec("CREATE TABLE t (n)");
  const { leftOut } = await scanTenant(request(directory));
  t.match(leftOut, [{ reason: "database-companion", paths: 2, examples: ["m.sqlite-shm", "m.sqlite-wal"] }]);
});

testOfPermissions(
  t,
  import.meta.url,
  "a dry run says what could not be read, as the backup would",
  async (t) => {
    const directory = stagingDirectory(t);
    writeFileSync(join(directory, "a"), "");
    writeFileSync(join(directory, "locked"), "123", { mode: 0o000 });
    mkdirSync(join(directory, "closed"), { mode: 0o000 });
    await t.rejects(scanTenant(request(directory)), { code: "FILE_UNREADABLE", message: /locked|closed/ });
    const { leftOut, warnings, totals } = await scanTenant(request(directory, { allowUnreadable: true }));
    t.match(leftOut, [{ reason: "unreadable", paths: 2, entries: 2, bytes: 3 }]);
    t.equal(warnings.length, 2);
    t.equal(totals.files, 1);
    const excluding = await scanTenant(request(directory, { exclude: ["locked", "closed"] }));
    t.strictSame(excluding.warnings, [], "what is excluded need not be readable");
  },
);

t.test("the 20 largest of many files are listed, largest first", async (t) => {
  const directory = t.testdir({});
  for (let size = 1; size <= 1100; size++) writeFileSync(join(directory, `f${size}`), Buffer.alloc(size));
  const { largest } = await scanTenant(request(directory));
  t.strictSame(
    largest.map(({ size }) => size),
    Array.from({ length: 20 }, (_, index) => 1100 - index),
  );
});

t.test("a database counts without the files beside it, and no copy is made", async (t) => {
  const directory = t.testdir({});
  const database = new Database(join(directory, "m.sqlite"));
  t.teardown(() => database.close());
  database.pragma("journal_mode = WAL");
  database.exec("CREATE TABLE t (n)");
  const before = readdirSync(directory);
  const { totals } = await scanTenant(request(directory));
  t.equal(totals.files, 1);
  t.strictSame(readdirSync(directory), before);
});

t.test("a tenant beyond the limit of bytes is refused", async (t) => {
  const directory = t.testdir({ a: "12345" });
  const limits = { ...DEFAULT_LIMITS, bytes: 4 };
  await t.rejects(scanTenant(request(directory, { limits })), {
    code: "LIMIT_EXCEEDED",
    message: "Tenant acme has more than 4 bytes.",
  });
});

t.test("a scan that is cancelled rejects with the signal's reason", async (t) => {
  const directory = t.testdir({});
  const reason = new BackupError("SHUTTING_DOWN", "The gateway stops.");
  await t.rejects(scanTenant(request(directory, { signal: AbortSignal.abort(reason) })), {
    code: "SHUTTING_DOWN",
  });
  const abort = new AbortController();
  const scan = scanTenant(request(directory, { signal: abort.signal }));
  abort.abort();
  await t.rejects(scan, { code: "JOB_CANCELLED" });
});
