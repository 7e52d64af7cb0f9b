import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

const BACKUPS = "/api/admin/tenants/acme/backups";

await t.test("a dry run tells what goes in, what is left out and why, and what is large", async (t) => {
  const host = await testGateway(t, { exclude: ["**/*.log"] });
  await host.tenant("acme", {
    "workspace/.backupignore": "cache/\n",
    "workspace/cache/a/b": "123",
    "workspace/big": "x".repeat(5000),
    "workspace/a.log": "12345678",
    "pty/0": "",
  });
  const { result } = await host.job(BACKUPS, { dryRun: true });
  t.match(result, {
    dryRun: true,
    excluded: {
      entries: 4,
      bytes: 11,
      config: { entries: 1, bytes: 8 },
      backupignore: { entries: 3, bytes: 3 },
    },
    leftOut: [
      { reason: "config-exclude", rule: "**/*.log", examples: ["workspace/a.log"] },
      {
        reason: "backupignore",
        rule: "workspace/.backupignore:1",
        paths: 1,
        entries: 3,
        examples: ["workspace/cache"],
      },
      { reason: "ephemeral", examples: ["pty"] },
    ],
  });
  const topLevel = result?.["topLevel"] as { path: string }[];
  t.strictSame(topLevel[0], { path: "workspace", files: 2, bytes: 5007 });
  t.match(topLevel.at(-1), { path: ".", files: 1 });
  t.match((await host.call("POST", BACKUPS, { list: true })).body, { code: "REQUEST_INVALID", exitCode: 2 });
});

await t.test("the complete list is streamed, kept for a day, and of many only the newest", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "workspace/a": "1" });
  const { id, result } = await host.job(BACKUPS, { dryRun: true, list: true });
  t.match(result?.["listedUntil"], /^\d{4}-/);
  const url = `/api/admin/jobs/${id}/plan`;
  const answer = await host.gateway.app.inject({ url, headers: host.headers });
  t.equal(answer.statusCode, 200);
  t.match(answer.headers["content-type"], "application/jsonl");
  const lines = answer.body.trimEnd().split("\n");
  t.ok(lines.includes('{"kind":"include","path":"workspace/a","type":"file","size":1}'));
  t.equal(lines.at(-1), '{"kind":"end","complete":true}');
  t.equal((await host.gateway.app.inject({ url })).statusCode, 401);

  const plans = join(host.stateDir, "backup/plans");
  t.equal(statSync(plans).mode & 0o777, 0o700);
  const yesterday = Date.now() / 1000 - 24 * 3600 - 1;
  utimesSync(join(plans, `${id}.jsonl`), yesterday, yesterday);
  const next = await host.job(BACKUPS, { dryRun: true, list: true });
  t.strictSame(readdirSync(plans), [`${next.id}.jsonl`]);
  const gone = await host.call("GET", url);
  t.match(gone, { status: 404, body: { code: "PLAN_NOT_FOUND", exitCode: 3, hint: /--dry-run --list/ } });
  for (let i = 0; i < 12; i++) writeFileSync(join(plans, `j0${i}.jsonl`), "");
  const last = await host.job(BACKUPS, { dryRun: true, list: true });
  const kept = readdirSync(plans);
  t.equal(kept.length, 10);
  t.ok(kept.includes(`${next.id}.jsonl`) && kept.includes(`${last.id}.jsonl`));

  const without = await host.job(BACKUPS, { dryRun: true });
  t.match((await host.call("GET", `/api/admin/jobs/${without.id}/plan`)).body, { code: "PLAN_NOT_FOUND" });
  t.match((await host.call("GET", "/api/admin/jobs/none/plan")).body, { code: "JOB_NOT_FOUND" });
});

await t.test("old lists go at the next start, and one that fails leaves none", async (t) => {
  const stateDir = join(t.testdir(), "state");
  mkdirSync(join(stateDir, "backup/plans"), { recursive: true });
  const old = join(stateDir, "backup/plans/j1.jsonl");
  writeFileSync(old, "");
  utimesSync(old, 1, 1);
  const host = await testGateway(t, { limits: { entries: 2 } }, stateDir);
  await host.tenant("acme", { "workspace/a": "1" });
  const job = await host.job(BACKUPS, { dryRun: true, list: true });
  t.match(job, { state: "failed", error: { code: "LIMIT_EXCEEDED" } });
  t.strictSame(readdirSync(join(stateDir, "backup/plans")), []);
});
