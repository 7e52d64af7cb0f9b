import { Counter } from "prom-client";
import t from "tap";
import { Type } from "@openclaw/schema";
import { GatewayError } from "../errors.js";
import { ADMIN, testGateway, testTenant } from "../test-support/gateway.js";
import type { GatewayPlugin, PluginHost } from "./host.js";

t.test("a plugin gets all that the host offers, and what it registers works", async (t) => {
  const events: string[] = [];
  let host: PluginHost | undefined;
  let config: unknown;
  const plugin: GatewayPlugin = {
    name: "sample",
    version: "1.0.0",
    configSchema: Type.Object(
      { size: Type.Integer({ default: 7 }), key: Type.Optional(Type.Unknown()) },
      { additionalProperties: false },
    ),
    setup: (given, section) => {
      host = given;
      config = section;
      const calls = new Counter({
        name: "openclaw_sample_calls_total",
        help: "Calls.",
        registers: [given.metrics],
      });
      given.addRoutes("admin", (app) => {
        app.get("/sample", (request) => {
          calls.inc();
          return { actor: request.actor, trigger: request.trigger };
        });
        app.get("/busy", () => {
          throw new GatewayError("TENANT_BUSY", "Tenant acme is busy", { details: { tenant: "acme" } });
        });
        return Promise.resolve();
      });
      given.addRoutes("tenant", (app) => {
        app.get("/sample", (request) => ({ tenant: request.tenant.id, actor: request.actor }));
        return Promise.resolve();
      });
      given.addDoctorCheck({
        name: "sample",
        run: () => Promise.resolve([{ severity: "info", message: "A sample" }]),
      });
      given.hooks.on("tenantSuspended", ({ tenant }) => void events.push(`suspended ${tenant}`));
      given.hooks.on("tenantResumed", ({ tenant }) => void events.push(`resumed ${tenant}`));
      given.addShutdown({
        drain: () => Promise.resolve(void events.push("drained")),
        stop: () => Promise.resolve(void events.push("stopped")),
      });
      return Promise.resolve();
    },
  };
  const lines: string[] = [];
  const gateway = await testGateway(t, {
    plugins: [plugin],
    env: { OPENCLAW_GATEWAY_TOKEN: ADMIN.authorization.slice(7), KEY: "secret" },
    logLevel: "info",
    logDestination: { write: (line) => void lines.push(line) },
    clock: { now: () => 42 },
  });
  if (host === undefined) throw new Error("setup was not called");
  t.same(config, { size: 7 });
  t.equal(host.clock.now(), 42);
  t.equal(host.version, "0.1.0");
  t.equal(host.paths.root, gateway.stateDir);
  t.equal(host.resolveSecret({ env: "KEY" }), "secret");
  host.log.info({ secretKey: "secret" }, "hello");
  t.match(JSON.parse(lines.at(-1) ?? ""), { plugin: "sample", secretKey: "[redacted]", msg: "hello" });

  const { headers } = await testTenant(gateway, "acme");
  const get = async (url: string, as: { authorization: string }) =>
    (await gateway.app.inject({ url, headers: as })).json<unknown>();
  t.same(await get("/api/admin/sample", ADMIN), { actor: "admin", trigger: "api" });
  t.same(await get("/api/tenant/sample", headers), { tenant: "acme", actor: "tenant:acme" });
  t.match(await get("/api/admin/busy", ADMIN), { code: "TENANT_BUSY", status: 409, exitCode: 4 });
  t.match(await get("/api/admin/sample", headers), { code: "FORBIDDEN" });
  const { findings } = (await get("/api/admin/doctor", ADMIN)) as { findings: { check: string }[] };
  t.match(
    findings.filter(({ check }) => check === "sample"),
    [{ severity: "info", message: "A sample" }],
  );
  const metrics = await gateway.app.inject({ url: "/metrics", headers: ADMIN });
  t.match(metrics.body, "openclaw_sample_calls_total 1");
  t.throws(() => host?.addDoctorCheck({ name: "late", run: () => Promise.resolve([]) }), /during setup only/);

  const claim = host.tenants.claim("acme", "sample job");
  t.equal(claim.ok, true);
  const suspension = await host.tenants.suspend("acme", { reason: "sample", timeoutMs: 1000 });
  const refused = await gateway.app.inject({ url: "/api/tenant/sample", headers });
  t.equal(refused.statusCode, 503);
  t.equal(refused.headers["retry-after"], "2");
  t.match(await get("/api/admin/tenants/acme", ADMIN), { suspended: true });
  await suspension.resume();
  t.same(await get("/api/tenant/sample", headers), { tenant: "acme", actor: "tenant:acme" });

  await gateway.close({ graceMs: 1000 });
  t.same(events, ["suspended acme", "resumed acme", "drained", "stopped"]);
});
