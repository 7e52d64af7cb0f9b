import { Type } from "@openclaw/schema";
import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("the status has every section, and one that fails hides no other", async (t) => {
  let now = Date.UTC(2026, 5, 3);
  const gateway = await testGateway(t, {
    clock: { now: () => now },
    plugins: [
      {
        name: "test",
        version: "1.0.0",
        configSchema: Type.Object({}),
        setup: (host) => {
          const schema = Type.Object({ jobs: Type.Integer() });
          host.addStatusSection({ name: "good", schema, read: () => Promise.resolve({ jobs: 2 }) });
          host.addStatusSection({ name: "bad", schema, read: () => Promise.reject(new Error("no ledger")) });
          return Promise.resolve();
        },
      },
    ],
  });
  await testTenant(gateway, "acme");
  now += 61_500;
  t.same((await gateway.app.inject({ url: "/api/admin/status", headers: ADMIN })).json(), {
    version: "0.1.0",
    startedAt: "2026-06-03T00:00:00.000Z",
    uptimeSeconds: 61,
    tenants: { count: 1 },
    warnings: [],
    sections: { good: { jobs: 2 } },
    failures: [{ section: "bad", message: "no ledger" }],
  });
});
