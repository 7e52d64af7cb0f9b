import { readdir, readFile, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import path from "node:path";
import t from "tap";
import { Type } from "@openclaw/schema";
import type { AuditLine } from "../audit/line.js";
import type { Verification } from "../audit/verify.js";
import type { Gateway } from "../gateway.js";
import type { GatewayPlugin, PluginHost } from "../plugin/host.js";
import { cronBed, CronTime } from "../test-support/cron.js";
import { ADMIN, ADMIN_TOKEN, testGateway, testTenant } from "../test-support/gateway.js";

/** What stands in the files, without the gateway's help. */
async function onDisk({ stateDir }: Gateway): Promise<AuditLine[]> {
  const directory = path.join(stateDir, "audit");
  const texts = await Promise.all(
    (await readdir(directory)).sort().map((name) => readFile(path.join(directory, name), "utf8")),
  );
  return texts
    .join("")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditLine)
    .filter(({ actor }) => actor !== "gateway");
}

/** Lines without what is different each time. */
async function said(gateway: Gateway): Promise<object[]> {
  return (await onDisk(gateway)).map(({ seq, time, from, request, prev, hash, ...rest }) => rest);
}

t.test("what changes something is on record when it is answered; what only looks is not", async (t) => {
  const gateway = await testGateway(t);
  const call = async (method: "GET" | "POST" | "DELETE", url: string, payload?: object) =>
    (
      await gateway.app.inject({
        method,
        url: `/api/admin${url}`,
        headers: ADMIN,
        ...(payload && { payload }),
      })
    ).statusCode;
  const { uid } = await testTenant(gateway, "acme");
  t.equal((await onDisk(gateway)).length, 1, "the line is on disk before the answer is here");
  await call("GET", "/tenants");
  await call("GET", "/doctor");
  await call("GET", "/audit");
  await call("POST", "/tenants", { id: "acme" });
  await call("POST", "/tenants", { id: 7 });
  await call("POST", "/tenants/acme/token");
  await call("DELETE", "/tenants/acme?confirm=no");
  await call("DELETE", "/tenants/acme?confirm=acme&secret=topsecret");
  await call("DELETE", "/tenants/acme?confirm=acme");
  await call("DELETE", "/gateway/cron/nightly");
  await call("POST", "/no/such/route");
  const admin = { actor: "admin", tenant: "acme" };
  t.same(await said(gateway), [
    { ...admin, action: "POST /api/admin/tenants", result: "201", details: { uid } },
    { ...admin, action: "POST /api/admin/tenants", result: "409", code: "TENANT_EXISTS" },
    { actor: "admin", action: "POST /api/admin/tenants", result: "400", code: "REQUEST_INVALID" },
    { ...admin, action: "POST /api/admin/tenants/:id/token", result: "200" },
    { ...admin, action: "DELETE /api/admin/tenants/:id", result: "400", code: "CONFIRMATION_REQUIRED" },
    { ...admin, action: "DELETE /api/admin/tenants/:id", result: "200" },
    { ...admin, action: "DELETE /api/admin/tenants/:id", result: "404", code: "TENANT_NOT_FOUND" },
    {
      actor: "admin",
      action: "DELETE /api/admin/gateway/cron/:name",
      result: "404",
      code: "SCHEDULE_NOT_FOUND",
      details: { name: "nightly" },
    },
  ]);
  const [line] = await onDisk(gateway);
  t.match(line, { from: "127.0.0.1", request: /^[0-9a-f-]{36}$/, time: /^\d{4}-\d\d-\d\dT.*Z$/ });
  const text = JSON.stringify(await onDisk(gateway));
  t.notMatch(text, "topsecret", "no query");
  t.notMatch(text, ADMIN_TOKEN);
  t.notMatch(text, "tk_acme_");
});

t.test("who is refused is on record, by name as far as it is known", async (t) => {
  const gateway = await testGateway(t);
  const acme = await testTenant(gateway, "acme");
  const call = async (
    url: string,
    headers: object,
    method: "GET" | "PUT" | "POST" | "DELETE" = "GET",
    payload?: object,
  ) =>
    (await gateway.app.inject({ method, url, headers: { ...headers }, ...(payload && { payload }) }))
      .statusCode;
  t.equal(await call("/api/admin/tenants", {}), 401);
  t.equal(await call("/api/admin/tenants/acme", { authorization: `Bearer ${"x".repeat(50)}` }), 401);
  t.equal(await call("/api/admin/tenants", acme.headers), 403);
  t.equal(await call("/api/tenant/whoami", ADMIN), 403);
  t.equal(await call("/api/tenant/files/..%2F..%2Fsecret", acme.headers), 400);
  t.equal(await call("/api/tenant/whoami", acme.headers), 200);
  t.equal(await call("/healthz", {}), 200);
  t.equal(await call("/nothing", {}), 404);
  t.equal(await call("/api/tenant/files/a", { ...acme.headers, "content-type": "text/plain" }, "PUT"), 201);
  t.equal(await call("/api/tenant/cron/none", acme.headers, "DELETE"), 404);
  const tenant = { actor: "tenant:acme", tenant: "acme" };
  t.same((await said(gateway)).slice(1), [
    { actor: "anonymous", action: "GET /api/admin/tenants", result: "401", code: "UNAUTHORIZED" },
    {
      actor: "anonymous",
      action: "GET /api/admin/tenants/:id",
      tenant: "acme",
      result: "401",
      code: "UNAUTHORIZED",
    },
    { ...tenant, action: "GET /api/admin/tenants", result: "403", code: "FORBIDDEN" },
    { actor: "admin", action: "GET /api/tenant/whoami", result: "403", code: "FORBIDDEN" },
    {
      ...tenant,
      action: "GET /api/tenant/files/*",
      result: "400",
      code: "PATH_NOT_ALLOWED",
      details: { "*": "../../secret" },
    },
    {
      ...tenant,
      action: "DELETE /api/tenant/cron/:name",
      result: "404",
      code: "SCHEDULE_NOT_FOUND",
      details: { name: "none" },
    },
  ]);
});

t.test("strangers fill no disk: their refusals have a budget, and the surplus is one line", async (t) => {
  const time = new CronTime("2026-03-07T02:00:00Z");
  const { gateway } = await cronBed(t, time);
  for (let count = 0; count < 200; count += 1) await gateway.app.inject({ url: "/api/admin/tenants" });
  await testTenant(gateway, "acme");
  await time.to("2026-03-07T02:01:00Z");
  await gateway.app.inject({ method: "POST", url: "/api/admin/tenants", headers: ADMIN, payload: {} });
  const lines = await onDisk(gateway);
  t.equal(lines.filter(({ actor }) => actor === "anonymous").length, 120);
  const answer = await gateway.app.inject({ url: "/api/admin/audit?action=audit.surplus", headers: ADMIN });
  t.match(answer.json(), { lines: [{ details: { of: "refused anonymous", lines: 80 } }] });
});

t.test("who hangs up is on record as well", async (t) => {
  let entered: () => void = () => undefined;
  const inHandler = new Promise<void>((resolve) => (entered = resolve));
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let host: PluginHost | undefined;
  const plugin: GatewayPlugin = {
    name: "sample",
    version: "1.0.0",
    configSchema: Type.Object({}),
    setup: (given) => {
      host = given;
      given.addRoutes("admin", (app) => {
        app.post("/slow", async (request) => {
          request.audit({ tenant: "acme", details: { part: 1 } });
          request.audit({ details: { step: "two" } });
          entered();
          await finished;
          return {};
        });
        app.get("/secrets", { config: { audit: "all" } }, () => ({}));
        return Promise.resolve();
      });
      return Promise.resolve();
    },
  };
  const gateway = await testGateway(t, { plugins: [plugin] });
  const { url } = await gateway.listen();
  const call = httpRequest(`${url}/api/admin/slow`, { method: "POST", headers: ADMIN });
  call.on("error", () => undefined);
  call.end();
  await inHandler;
  const closed = new Promise<void>((resolve) => call.once("close", () => resolve()));
  call.destroy();
  await closed;
  finish();
  await fetch(`${url}/api/admin/secrets`, { headers: ADMIN });
  host?.audit.record({
    actor: "admin",
    action: "job.sample",
    result: "failed",
    code: "BROKEN",
    details: { job: "j1" },
  });
  const { lines } = (await (
    await fetch(`${url}/api/admin/audit?failed=true`, { headers: ADMIN })
  ).json()) as {
    lines: AuditLine[];
  };
  t.match(lines, [{ action: "job.sample", code: "BROKEN" }]);
  t.match(await said(gateway), [
    { action: "POST /api/admin/slow", tenant: "acme", result: "200", details: { part: 1, step: "two" } },
    { action: "GET /api/admin/secrets", result: "200" },
    { action: "job.sample", result: "failed" },
  ]);
});

t.test("runs of schedules are on record", async (t) => {
  const time = new CronTime("2026-03-07T02:00:00Z");
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  const types = await bed.call("GET", "/api/admin/job-types");
  const [type] = (types.body as { jobTypes: { name: string; scope: string }[] }).jobTypes.filter(
    ({ scope }) => scope === "tenant",
  );
  await bed.add("acme", { name: "minutely", schedule: "* * * * *", job: type?.name ?? "" });
  await time.to("2026-03-07T02:01:00Z");
  await bed.call("POST", "/api/admin/tenants/acme/cron/minutely/run");
  const lines = (await said(bed.gateway)).slice(-4);
  const details = { schedule: "minutely", type: type?.name };
  t.match(lines, [
    {
      actor: "admin",
      action: "POST /api/admin/tenants/:id/cron",
      tenant: "acme",
      details: { name: "minutely" },
    },
    {
      actor: "schedule",
      action: "schedule.run",
      tenant: "acme",
      result: "started",
      details: { ...details, job: /./, due: "2026-03-07T02:01:00.000Z" },
    },
    { actor: "admin", action: "schedule.run", tenant: "acme", result: "started", details },
    {
      actor: "admin",
      action: "POST /api/admin/tenants/:id/cron/:name/run",
      tenant: "acme",
      details: { job: /./ },
    },
  ]);
});

t.test("the log is listed and verified over HTTP, and what was tampered with is told", async (t) => {
  const gateway = await testGateway(t);
  for (const id of ["a", "b", "c"]) await testTenant(gateway, id);
  const get = async <A>(url: string): Promise<A> =>
    (await gateway.app.inject({ url: `/api/admin/audit${url}`, headers: ADMIN })).json<A>();
  t.match(await get("?actor=admin&limit=2"), { lines: [{ tenant: "c" }, { tenant: "b" }], next: 3 });
  t.match(await get("?actor=admin&limit=2&before=3"), { lines: [{ tenant: "a" }] });
  t.match(await get("?since=2999-01-01T00:00:00Z"), { lines: [] });
  t.match(await get("?until=2001-01-01T00:00:00Z"), { lines: [] });
  t.match(await get("?since=yesterday"), { code: "REQUEST_INVALID", detail: /since 'yesterday' is no time/ });
  const { head, ...whole } = await get<Verification>("/verify");
  t.match(whole, { ok: true, files: 1, lines: 4, torn: 0, first: { seq: 1 }, faultCount: 0, faults: [] });
  t.match(await get(`/verify?noted=${head.seq}:${head.hash}`), { ok: true, noted: "found" });
  t.match(await get(`/verify?noted=2:${"0".repeat(64)}`), {
    ok: false,
    noted: "missing",
    faults: [{ seq: 2 }],
  });
  t.match(await get("/verify?noted=2"), { code: "REQUEST_INVALID" });

  const file = path.join(gateway.stateDir, "audit", "audit-000000000001.jsonl");
  await writeFile(file, (await readFile(file, "utf8")).replace('"tenant":"b"', '"tenant":"x"'));
  t.match(await get("/verify"), {
    ok: false,
    faultCount: 1,
    faults: [{ file: "audit-000000000001.jsonl", line: 3, seq: 3, problem: /was changed/ }],
  });
  const doctor = await gateway.app.inject({ url: "/api/admin/doctor", headers: ADMIN });
  t.match(
    doctor.json<{ findings: { check: string }[] }>().findings.filter(({ check }) => check === "audit-log"),
    [{ severity: "critical" }],
  );
});
