import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { doctorOffline, type OfflineReport } from "@openclaw/gateway-core";
import t, { type Test } from "tap";
import { backupPlugin } from "../index.js";
import { testGateway } from "../test-support/gateway.js";

const ENV = { OPENCLAW_GATEWAY_TOKEN: "admin-token-of-the-tests-0123456789" };

/** The state of a gateway that has made a backup, pinned it, and was stopped. */
async function stopped(
  t: Test,
): Promise<{ stateDir: string; look: (repair?: boolean) => Promise<OfflineReport> }> {
  const host = await testGateway(t);
  await host.tenant("acme", { "workspace/notes.md": "notes" });
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  await host.call("PUT", `/api/admin/backups/${String(result?.["archiveId"])}/pin`);
  await host.job("/api/admin/restores", { from: result?.["location"], as: "copy" });
  await host.gateway.close();
  const { stateDir } = host;
  return {
    stateDir,
    look: (repair = false) => doctorOffline({ stateDir, env: ENV, plugins: [backupPlugin()], repair }),
  };
}

function of({ findings }: OfflineReport, ...checks: readonly string[]) {
  return findings.filter(({ check }) => checks.includes(check));
}

function ledgerOf(stateDir: string): Database.Database {
  return new Database(join(stateDir, "backup/ledger.sqlite"));
}

await t.test("a gateway that is down is looked at by the same checks, and left as it is", async (t) => {
  const { stateDir, look } = await stopped(t);
  const before = readdirSync(stateDir, { recursive: true }).sort();
  const report = await look();
  t.match(of(report, "backup-ledger", "backup-cut-off", "backup-signing-key", "backup-clock"), [
    { severity: "ok" },
    { severity: "ok" },
    { severity: "ok", message: /ed25519:/ },
    { severity: "ok" },
  ]);
  t.match(of(report, "backup-age"), [
    { tenant: "copy", severity: "warning" },
    { tenant: "acme", severity: "ok" },
  ]);
  t.match(of(report, "schedules"), [{ severity: "ok" }]);
  t.same(readdirSync(stateDir, { recursive: true }).sort(), before);
});

await t.test("with a config that is not valid, nothing is said of what depends on it", async (t) => {
  const { stateDir, look } = await stopped(t);
  writeFileSync(join(stateDir, "openclaw.json"), "{");
  const report = await look();
  t.match(of(report, "config"), [{ severity: "critical", repairable: true }]);
  t.same(of(report, "backup-destination", "backup-stores", "backup-catalogue", "backup-alerts"), []);
  t.match(of(report, "backup-age"), [{ tenant: "copy" }, { tenant: "acme" }], "the rest is looked at");
});

await t.test("rows of a damaged ledger that can be read are taken over, with what they need", async (t) => {
  const { stateDir, look } = await stopped(t);
  const database = ledgerOf(stateDir);
  // As if the pages of a table were lost: nothing refers to what is there.
  database.unsafeMode();
  database.pragma("foreign_keys = OFF");
  database.exec("DELETE FROM jobs; PRAGMA writable_schema = ON");
  database.exec("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'archives_by_tenant'");
  database.close();
  t.match(of(await look(), "backup-ledger"), [
    { severity: "critical", repairable: true, message: /is damaged/ },
  ]);
  const { repairs } = await look(true);
  t.match(repairs, [{ check: "backup-ledger", ok: true, outcome: /has the 1 archives and 0 jobs/ }]);
  const kept = readdirSync(join(stateDir, "backup")).filter((name) => name.includes(".damaged-"));
  t.equal(kept.length, 1);
  t.match(of(await look(), "backup-ledger"), [
    { severity: "ok" },
    { severity: "warning", message: new RegExp(kept[0] ?? "?"), fix: /rebuild --pin/ },
  ]);

  const again = await testGateway(t, {}, stateDir);
  const { archives } = (await again.call("GET", "/api/admin/backups")).body as { archives: object[] };
  t.match(archives, [{ tenant: "acme", state: "good", pinnedAt: String }]);
  const { jobs } = (await again.call("GET", "/api/admin/jobs")).body as {
    jobs: { type: string; state: string }[];
  };
  t.same(
    jobs.map(({ type, state }) => `${type} ${state}`).sort(),
    ["backup succeeded", "restore succeeded"],
    "what is left says that they were",
  );
});

await t.test("of a ledger with broken pages the rows before and behind them are taken over", async (t) => {
  const { stateDir, look } = await stopped(t);
  const database = ledgerOf(stateDir);
  const insert = database.prepare(
    "INSERT INTO jobs (id, type, tenant, trigger, actor, request_json, state, created_at) VALUES (?, 'verify', 'acme', 'api', 'admin', ?, 'succeeded', 1)",
  );
  for (let n = 0; n < 500; n++)
    insert.run(`j-${String(n).padStart(4, "0")}`, JSON.stringify({ filler: "x".repeat(900) }));
  database.pragma("wal_checkpoint(TRUNCATE)");
  const { pageno } = database
    .prepare<[], { pageno: number }>(
      "SELECT pageno FROM dbstat WHERE name = 'jobs' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 60",
    )
    .get() ?? { pageno: 0 };
  database.close();
  const file = join(stateDir, "backup/ledger.sqlite");
  const bytes = readFileSync(file);
  bytes.fill(0xa5, (pageno - 1) * 4096, pageno * 4096);
  writeFileSync(file, bytes);
  const { repairs } = await look(true);
  const [, jobs] = /and (\d+) jobs/.exec(repairs[0]?.outcome ?? "") ?? [];
  t.ok(Number(jobs) > 480, `${jobs} of 502 jobs`);
  t.match(await look(), { worst: "warning" });
});

await t.test("copies of the ledger do not pile up", async (t) => {
  const directory = join(t.testdir(), "tmp");
  mkdirSync(directory);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = directory;
  t.teardown(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  const stateDir = join(directory, "state");
  const host = await testGateway(t, {}, stateDir);
  await host.gateway.close();
  await doctorOffline({ stateDir, env: ENV, plugins: [backupPlugin()], repair: true });
  t.same(readdirSync(directory), ["state"]);
  t.ok(existsSync(stateDir));
});
