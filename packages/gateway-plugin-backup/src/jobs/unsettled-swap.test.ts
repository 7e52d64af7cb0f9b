import Database from "better-sqlite3";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

await t.test("a slot whose swap the ledger could not note is left alone until it is settled", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "sessions/a.jsonl": "one\n" });
  const file = join(host.directory("acme"), "sessions/a.jsonl");
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  const from = result?.["archiveId"];
  writeFileSync(file, "two\n");
  const restore = await host.job("/api/admin/restores", { from, force: true });

  // As if the disk of the ledger had been full when the swap's end was to be noted, and the job's as well.
  const ledger = new Database(join(host.stateDir, "backup/ledger.sqlite"));
  ledger.prepare("UPDATE swaps SET phase = 'prepared' WHERE job_id = ?").run(restore.id);
  ledger.prepare("DELETE FROM trash WHERE job_id = ?").run(restore.id);
  ledger.prepare("UPDATE jobs SET state = 'running', result_json = NULL WHERE id = ?").run(restore.id);
  ledger.close();

  const refusal = new RegExp(`job ${restore.id}, which replaced the tenant.*restart the gateway`);
  t.match(await host.call("DELETE", "/api/admin/tenants/acme?confirm=acme"), {
    status: 409,
    body: { code: "TENANT_BUSY", message: undefined, detail: refusal },
  });
  t.match(await host.job("/api/admin/restores", { from, force: true }), {
    state: "failed",
    error: { code: "TENANT_BUSY", message: refusal },
  });
  await host.gateway.close({ graceMs: 0 });

  const next = await testGateway(t, {}, host.stateDir);
  const settled = await next.call("GET", `/api/admin/jobs/${restore.id}`);
  t.match(settled.body, { state: "succeeded", warnings: [{ code: "RECOVERED" }], result: { token: "kept" } });
  t.equal(readFileSync(file, "utf8"), "one\n");
  t.match(await next.job(`/api/admin/restores/${restore.id}/undo`), { state: "succeeded" });
  t.equal(readFileSync(file, "utf8"), "two\n", "what it replaced is still there");
  t.match(await next.call("DELETE", "/api/admin/tenants/acme?confirm=acme"), { status: 200 });
  t.notOk(existsSync(host.directory("acme")));
});
