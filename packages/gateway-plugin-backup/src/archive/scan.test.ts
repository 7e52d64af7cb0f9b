import Database from "better-sqlite3";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BackupError } from "../errors.js";
import { DEFAULT_LIMITS } from "./format.js";
import { scanTenant } from "./scan.js";
import type { ScanRequest } from "./scan.js";

function request(directory: string, changes: Partial<ScanRequest> = {}): ScanRequest {
  return {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
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
  t.strictSame(scan.excluded, { entries: 1, bytes: 5 });
  t.match(scan.warnings, [{ code: "LINK_ESCAPES", path: "outside" }]);
  t.strictSame(scan.largest, [
    { path: "sessions/a.jsonl", size: 1000 },
    { path: "tenant.json", size: 2 },
  ]);
});

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
