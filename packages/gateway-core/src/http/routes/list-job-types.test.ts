import { Type } from "@openclaw/schema";
import t from "tap";
import type { JobType } from "../../plugin/host.js";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a tenant is told of the jobs that it may have, the admin of all", async (t) => {
  const job = (name: string, more: Partial<JobType> = {}): JobType => ({
    name,
    description: `Does ${name}`,
    scope: "tenant",
    parameters: Type.Object({ deep: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    start: () => Promise.resolve({ jobId: "1" }),
    ...more,
  });
  const gateway = await testGateway(t, {
    plugins: [
      {
        name: "jobs",
        version: "1.0.0",
        configSchema: Type.Object({}),
        setup: (host) => {
          host.addJobType(job("copy", { tenantRefusal: () => undefined }));
          host.addJobType(job("erase"));
          host.addJobType(job("sweep", { scope: "gateway" }));
          return Promise.resolve();
        },
      },
    ],
  });
  const { headers } = await testTenant(gateway, "acme");
  const names = async (url: string, headers: Record<string, string>) => {
    const answer = await gateway.app.inject({ url, headers });
    return answer.json<{ jobTypes: { name: string }[] }>().jobTypes.map(({ name }) => name);
  };
  t.same(await names("/api/tenant/job-types", headers), ["copy"]);
  t.same(await names("/api/admin/job-types", ADMIN), ["copy", "erase", "sweep"]);
  const [copy] = (await gateway.app.inject({ url: "/api/tenant/job-types", headers })).json<{
    jobTypes: object[];
  }>().jobTypes;
  t.match(copy, {
    name: "copy",
    description: "Does copy",
    scope: "tenant",
    parameters: { type: "object", properties: { deep: { type: "boolean" } } },
  });
});
