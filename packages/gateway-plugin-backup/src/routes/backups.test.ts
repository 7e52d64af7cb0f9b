import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

await t.test("a backup is accepted as a job, and stands in the catalogue and at its place", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "sessions/a.jsonl": "{}\n" });
  const accepted = await host.call("POST", "/api/admin/tenants/acme/backups", {});
  t.equal(accepted.status, 202);
  t.match(accepted.body, {
    joined: false,
    job: { type: "backup", tenant: "acme", trigger: "api", actor: "admin" },
  });
  t.match(accepted.headers["location"], /^\/api\/admin\/jobs\/j/);

  const job = await host.job("/api/admin/tenants/acme/backups", {
    to: `${host.stateDir}/backups/two.tar.zst`,
  });
  t.match(job, { state: "succeeded", result: { overwriteGuard: "atomic", totals: { files: 2 } } });
  t.ok(existsSync(join(host.stateDir, "backups/two.tar.zst")));
  const { body } = await host.call("GET", "/api/admin/tenants/acme/backups");
  t.match(body, { archives: [{ id: job.result?.["archiveId"], state: "good" }, { tenant: "acme" }] });
  t.match((await host.call("GET", "/api/admin/backups?tenant=acme&limit=1")).body, {
    archives: [{ location: job.result?.["location"] }],
  });
  const placed = await host.call("GET", `/api/admin/tenants/acme/backups?to=${host.stateDir}/backups/`);
  t.match(placed.body, { archives: [{ location: /\/backups\/tenants\/acme\/\d{4}-/ }] });
});

await t.test("a dry run says what would go in, and stores nothing", async (t) => {
  const host = await testGateway(t, { exclude: ["**/*.log"] });
  await host.tenant("acme", { "workspace/big.bin": "x".repeat(5000), "workspace/a.log": "left out" });
  const job = await host.job("/api/admin/tenants/acme/backups", { dryRun: true });
  t.match(job, {
    state: "succeeded",
    result: {
      dryRun: true,
      excluded: { entries: 1, bytes: 8 },
      largest: [{ path: "workspace/big.bin", size: 5000 }],
    },
  });
  t.notOk(existsSync(join(host.stateDir, "backups/tenants")));
});

await t.test("what cannot be backed up is refused at once, with the command line's exit code", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const refused = async (url: string, body: object): Promise<unknown> =>
    (await host.call("POST", url, body)).body;
  t.match(await refused("/api/admin/tenants/nobody/backups", {}), { code: "TENANT_NOT_FOUND", exitCode: 3 });
  t.match(await refused("/api/admin/tenants/No!/backups", {}), { code: "TENANT_ID_INVALID", exitCode: 2 });
  const acme = "/api/admin/tenants/acme/backups";
  t.match(await refused(acme, { to: "s3://bucket/../key" }), { code: "LOCATION_INVALID", exitCode: 2 });
  t.match(await refused(acme, { to: "dest:nowhere/x" }), { code: "DESTINATION_UNKNOWN", exitCode: 3 });
  t.match(await refused(acme, { unknown: 1 }), { code: "REQUEST_INVALID", exitCode: 2 });
  const outside = await host.job(acme, { to: join(host.stateDir, "../x.tar.zst") });
  t.match(outside, { state: "failed", error: { code: "PATH_NOT_ALLOWED", exitCode: 5 } });
});

await t.test("an archive is not overwritten unless that is asked for", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const to = `${host.stateDir}/backups/same.tar.zst`;
  t.match(await host.job("/api/admin/tenants/acme/backups", { to }), { state: "succeeded" });
  t.match(await host.job("/api/admin/tenants/acme/backups", { to }), {
    state: "failed",
    error: { code: "ARCHIVE_EXISTS", exitCode: 4, hint: /--overwrite/ },
  });
  const replaced = await host.job("/api/admin/tenants/acme/backups", { to, overwrite: true });
  t.match(replaced, { state: "succeeded", result: { overwriteGuard: "off" } });
  const { body } = await host.call("GET", "/api/admin/backups?all=true");
  t.match(body, { archives: [{ state: "good" }, { state: "deleted" }] });
  const shown = await host.call("GET", "/api/admin/tenants/acme/backups");
  t.strictSame((shown.body["archives"] as unknown[]).length, 1, "what was overwritten is not shown");
});

await t.test("two backups within a second get two automatic names", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const one = await host.job("/api/admin/tenants/acme/backups");
  const two = await host.job("/api/admin/tenants/acme/backups");
  t.match([one.state, two.state], ["succeeded", "succeeded"]);
  t.not(one.result?.["location"], two.result?.["location"]);
});

await t.test("credentials of a request do not reach the job that others see", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const job = await host.job("/api/admin/tenants/acme/backups", {
    to: "s3://bucket/key",
    s3: { endpoint: "http://127.0.0.1:9", accessKey: "AKMARK", secretKey: "SKMARK", region: "r" },
  });
  t.match(job, {
    state: "failed",
    error: { code: "STORE_UNREACHABLE", exitCode: 6 },
    request: { s3: { region: "r" } },
  });
  t.notMatch(JSON.stringify(job), /AKMARK|SKMARK/);
});

await t.test("the host can start a backup by the name of its job type", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const started = await host.call("POST", "/api/admin/job-types/backup/jobs", {
    tenant: "acme",
    parameters: {},
  });
  t.equal(started.status, 202);
  const job = `/api/admin/jobs/${String(started.body["jobId"])}`;
  await host.gateway.app.inject({ url: `${job}/events`, headers: host.headers });
  t.match((await host.call("GET", job)).body, { type: "backup", state: "succeeded" });
});
