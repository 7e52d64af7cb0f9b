import { Type } from "@openclaw/schema";
import t from "tap";
import type { GatewayPlugin, JobStart } from "../../plugin/host.js";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a job is started by name, with checked parameters and who asked for it", async (t) => {
  const started: JobStart[] = [];
  const start = (request: JobStart) => {
    started.push(request);
    return Promise.resolve({ jobId: `job-${started.length}` });
  };
  const plugin: GatewayPlugin = {
    name: "jobs",
    version: "1.0.0",
    configSchema: Type.Object({}),
    setup: (host) => {
      const parameters = Type.Object(
        { level: Type.Integer({ minimum: 1, maximum: 19, default: 3 }) },
        { additionalProperties: false },
      );
      host.addJobType({ name: "copy", description: "Copies a tenant", scope: "tenant", parameters, start });
      host.addJobType({ name: "sweep", description: "Sweeps", scope: "gateway", parameters, start });
      return Promise.resolve();
    },
  };
  const gateway = await testGateway(t, { plugins: [plugin] });
  await testTenant(gateway, "acme");
  const post = (name: string, payload: object) =>
    gateway.app.inject({
      method: "POST",
      url: `/api/admin/job-types/${name}/jobs`,
      headers: { ...ADMIN, "x-openclaw-client": "ui" },
      payload,
    });

  const response = await post("copy", { tenant: "acme", parameters: { level: 9 } });
  t.equal(response.statusCode, 202);
  t.same(response.json(), { jobId: "job-1" });
  t.same((await post("sweep", {})).json(), { jobId: "job-2" });
  t.same(started, [
    { tenant: "acme", parameters: { level: 9 }, trigger: "ui", actor: "admin" },
    { parameters: { level: 3 }, trigger: "ui", actor: "admin" },
  ]);

  t.match((await post("copy", {})).json(), { code: "REQUEST_INVALID", detail: /needs a tenant/ });
  t.match((await post("copy", { tenant: "nobody" })).json(), { code: "TENANT_NOT_FOUND" });
  t.match((await post("sweep", { tenant: "acme" })).json(), { code: "REQUEST_INVALID", detail: /no tenant/ });
  t.match((await post("copy", { tenant: "acme", parameters: { level: 20 } })).json(), {
    code: "REQUEST_INVALID",
    detail: "level must be <= 19",
    details: { in: "parameters", path: "level" },
  });
  t.match((await post("none", {})).json(), { code: "NOT_FOUND", hint: "Job types: copy, sweep." });
  t.equal(started.length, 2);

  const listed = await gateway.app.inject({ url: "/api/admin/job-types", headers: ADMIN });
  t.match(listed.json(), {
    jobTypes: [
      {
        name: "copy",
        scope: "tenant",
        parameters: { type: "object", properties: { level: { maximum: 19 } } },
      },
      { name: "sweep", scope: "gateway" },
    ],
  });
});
