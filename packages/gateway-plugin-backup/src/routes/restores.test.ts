import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GatewayPlugin } from "@openclaw/gateway-core";
import t from "tap";
import { Type } from "@openclaw/schema";
import { testGateway, type TestGateway } from "../test-support/gateway.js";

async function whoami({ gateway }: TestGateway, token: string): Promise<unknown> {
  const answer = await gateway.app.inject({
    url: "/api/tenant/whoami",
    headers: { authorization: `Bearer ${token}` },
  });
  return answer.statusCode === 200 ? answer.json<{ tenant: string }>().tenant : answer.statusCode;
}

async function backedUp(host: TestGateway): Promise<{ token: string; from: string }> {
  const token = await host.tenant("acme", {
    "sessions/a.jsonl": "one\n",
    "channels/whatsapp/pair.json": "{}",
  });
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  return { token, from: String(result?.["location"]) };
}

await t.test("a tenant that was deleted comes back with its files and its old token", async (t) => {
  const host = await testGateway(t);
  const { token, from } = await backedUp(host);
  await host.call("DELETE", "/api/admin/tenants/acme?confirm=acme");
  t.equal(await whoami(host, token), 401);
  const job = await host.job("/api/admin/restores", { from });
  t.match(job, {
    state: "succeeded",
    result: { tenant: "acme", replaced: false, token: "archive", hadIndex: true },
  });
  t.equal(readFileSync(join(host.directory("acme"), "sessions/a.jsonl"), "utf8"), "one\n");
  t.equal(await whoami(host, token), "acme");
});

await t.test("a restore beside the tenant gets a token, a uid and schedules of its own", async (t) => {
  const host = await testGateway(t);
  const cron = JSON.stringify({ version: 1, jobs: [{ name: "nightly", enabled: true }] });
  const token = await host.tenant("acme", { "cron/jobs.json": cron, "channels/whatsapp/pair.json": "{}" });
  const backup = await host.job("/api/admin/tenants/acme/backups");
  const job = await host.job("/api/admin/restores", {
    from: backup.result?.["archiveId"],
    as: "acme-staging",
  });
  t.match(job, {
    state: "succeeded",
    result: { tenant: "acme-staging", token: "new", schedulesDisabled: 1, rePair: ["whatsapp"] },
  });
  const newToken = String(job.result?.["newToken"]);
  t.equal(await whoami(host, newToken), "acme-staging");
  t.equal(await whoami(host, token), "acme");
  const again = await host.call("GET", `/api/admin/jobs/${job.id}`);
  t.notMatch(JSON.stringify(again.body), newToken, "the token is shown once");
  const uid = async (id: string): Promise<unknown> =>
    (await host.call("GET", `/api/admin/tenants/${id}`)).body["uid"];
  t.not(await uid("acme"), await uid("acme-staging"));
});

await t.test("a taken slot is refused with the two ways out", async (t) => {
  const host = await testGateway(t);
  const { from } = await backedUp(host);
  const { body } = await host.call("POST", "/api/admin/restores", { from });
  t.match(body, { code: "SLOT_TAKEN", exitCode: 4, hint: /--force.*--as/ });
});

await t.test("a forced restore keeps the token of now, and undo gives back what was there", async (t) => {
  const host = await testGateway(t);
  const { token, from } = await backedUp(host);
  const file = join(host.directory("acme"), "sessions/a.jsonl");
  writeFileSync(file, "two\n");
  const rotated = String((await host.call("POST", "/api/admin/tenants/acme/token", {})).body["token"]);
  const restore = await host.job("/api/admin/restores", { from, force: true });
  t.match(restore, { state: "succeeded", result: { replaced: true, token: "kept", undo: restore.id } });
  const { undoUntil } = restore.result as { undoUntil: string };
  t.ok(Date.parse(undoUntil) > Date.now() + 23 * 3_600_000, "it says until when it can be taken back");
  t.equal(readFileSync(file, "utf8"), "one\n");
  t.equal(await whoami(host, token), 401, "a token that was rotated away does not come back to life");
  t.equal(await whoami(host, rotated), "acme");

  const undo = await host.job(`/api/admin/restores/${restore.id}/undo`);
  t.match(undo, { state: "succeeded", type: "undo" });
  t.equal(readFileSync(file, "utf8"), "two\n");
  t.equal(await whoami(host, rotated), "acme");
  const second = await host.call("POST", `/api/admin/restores/${restore.id}/undo`, {});
  t.match(second.body, { code: "UNDO_NOT_POSSIBLE", exitCode: 4 });
  t.match(await host.job(`/api/admin/restores/${undo.id}/undo`), { state: "succeeded" });
  t.equal(readFileSync(file, "utf8"), "one\n", "an undo can be undone");
});

await t.test("--token archive brings the archive's token back", async (t) => {
  const host = await testGateway(t);
  const { token, from } = await backedUp(host);
  await host.call("POST", "/api/admin/tenants/acme/token", {});
  t.match(await host.job("/api/admin/restores", { from, force: true, token: "archive" }), {
    result: { token: "archive" },
  });
  t.equal(await whoami(host, token), "acme");
});

await t.test("a token that was rotated away since does not come back to life by an undo", async (t) => {
  const host = await testGateway(t);
  const { token, from } = await backedUp(host);
  const restore = await host.job("/api/admin/restores", { from, force: true });
  const rotated = String((await host.call("POST", "/api/admin/tenants/acme/token", {})).body["token"]);
  const undo = await host.job(`/api/admin/restores/${restore.id}/undo`);
  t.match(undo, { state: "succeeded", result: { token: "kept" } });
  t.equal(await whoami(host, token), 401);
  t.equal(await whoami(host, rotated), "acme");
});

await t.test("an undo brings back the token that the restore had replaced", async (t) => {
  const host = await testGateway(t);
  const { token, from } = await backedUp(host);
  const rotated = String((await host.call("POST", "/api/admin/tenants/acme/token", {})).body["token"]);
  const restore = await host.job("/api/admin/restores", { from, force: true, token: "archive" });
  t.equal(await whoami(host, token), "acme");
  const undo = await host.job(`/api/admin/restores/${restore.id}/undo`);
  t.match(undo, { state: "succeeded", result: { token: "earlier" } });
  t.equal(await whoami(host, rotated), "acme");
  t.equal(await whoami(host, token), 401);
});

await t.test("an undo makes a new token where another tenant has the old one by now", async (t) => {
  const host = await testGateway(t);
  const { from } = await backedUp(host);
  const rotated = String((await host.call("POST", "/api/admin/tenants/acme/token", {})).body["token"]);
  const withRotated = await host.job("/api/admin/tenants/acme/backups");
  const restore = await host.job("/api/admin/restores", { from, force: true, token: "archive" });
  await host.job("/api/admin/restores", { from: withRotated.result?.["archiveId"], as: "copy" });
  t.equal(await whoami(host, rotated), "copy");
  const undo = await host.job(`/api/admin/restores/${restore.id}/undo`);
  t.match(undo, { state: "succeeded", result: { token: "new" } });
  t.equal(await whoami(host, String(undo.result?.["newToken"])), "acme");
  t.equal(await whoami(host, rotated), "copy", "the other one keeps it");
});

await t.test("a tenant without a record is replaced by force, and comes back as it was", async (t) => {
  const host = await testGateway(t);
  const { token, from } = await backedUp(host);
  const record = join(host.directory("acme"), "tenant.json");
  const broken = ["{", ""];
  for (const content of broken) {
    const restore = await host.job("/api/admin/restores", { from, force: true });
    const trashed = join(host.stateDir, "tenants/.trash", restore.id, "tree/tenant.json");
    writeFileSync(trashed, content);
    if (content === "") rmSync(trashed);
    t.match(restore, { state: "succeeded", result: { replaced: true } });
    t.match(await host.job(`/api/admin/restores/${restore.id}/undo`), { state: "succeeded" });
    t.equal(existsSync(record) ? readFileSync(record, "utf8") : "", content, "as broken as it was");
    t.match(await host.job("/api/admin/restores", { from, force: true }), { state: "succeeded" });
    t.equal(await whoami(host, token), "acme");
  }
});

await t.test("undoing a restore into an empty slot empties it again", async (t) => {
  const host = await testGateway(t);
  const { from } = await backedUp(host);
  const restore = await host.job("/api/admin/restores", { from, as: "copy" });
  t.match(await host.job(`/api/admin/restores/${restore.id}/undo`), { state: "succeeded" });
  t.notOk(existsSync(host.directory("copy")));
  t.equal((await host.call("GET", "/api/admin/tenants/copy")).status, 404);
});

await t.test("a dry run checks everything and changes nothing", async (t) => {
  const host = await testGateway(t);
  const { from } = await backedUp(host);
  const job = await host.job("/api/admin/restores", { from, dryRun: true });
  t.match(job, {
    state: "succeeded",
    result: { dryRun: true, tenant: "acme", replaced: true, totals: { files: 3 } },
  });
  t.notOk(existsSync(join(host.stateDir, "tenants/.staging", job.id)));
});

await t.test("what cannot be restored is refused at once", async (t) => {
  const host = await testGateway(t);
  const { from } = await backedUp(host);
  const refused = async (body: object): Promise<unknown> =>
    (await host.call("POST", "/api/admin/restores", body)).body;
  t.match(await refused({ from, as: "../evil" }), { code: "TENANT_ID_INVALID", exitCode: 2 });
  t.match(await refused({ from: `${from}.gone` }), { code: "ARCHIVE_NOT_FOUND", exitCode: 3 });
  t.match(await refused({ from: "/etc/passwd" }), { code: "PATH_NOT_ALLOWED", exitCode: 5 });
  writeFileSync(join(host.stateDir, "backups/text.tar.zst"), "no archive");
  t.match(await refused({ from: join(host.stateDir, "backups/text.tar.zst") }), {
    code: "ARCHIVE_UNKNOWN_FORMAT",
    exitCode: 7,
  });
  t.match((await host.call("POST", "/api/admin/restores/j0/undo", {})).body, {
    code: "JOB_NOT_FOUND",
    exitCode: 3,
  });
});

await t.test("a tenant.json that is not one is refused, and the tenant stays as it was", async (t) => {
  let written = "";
  const scribe: GatewayPlugin = {
    name: "scribe",
    version: "1",
    configSchema: Type.Object({}, { additionalProperties: false }),
    // After the gateway has put the file right, before the backup reads it.
    setup: ({ hooks, tenants }) => {
      hooks.on("beforeBackup", () => writeFileSync(join(tenants.directory("acme"), "tenant.json"), written));
      return Promise.resolve();
    },
  };
  const host = await testGateway(t, {}, undefined, [scribe]);
  await host.tenant("acme", { "sessions/a.jsonl": "one\n" });
  const record = join(host.directory("acme"), "tenant.json");
  const honest = readFileSync(record, "utf8");
  for (const content of ["{", honest.replace(/"tokenSha256": "[0-9a-f]+"/, '"tokenSha256": "short"')]) {
    written = content;
    const backup = await host.job("/api/admin/tenants/acme/backups");
    writeFileSync(record, honest);
    const restore = await host.job("/api/admin/restores", { from: backup.result?.["location"], force: true });
    t.match(restore, {
      state: "failed",
      error: { code: "ARCHIVE_DAMAGED", exitCode: 7, message: /tenant\.json/ },
    });
    t.equal(readFileSync(record, "utf8"), honest);
    t.notOk(existsSync(join(host.stateDir, "tenants/.staging", restore.id)), "nothing is left in staging");
  }
});
