import { rename } from "node:fs/promises";
import t from "tap";
import { testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a tenant learns who it is, and the disk is not asked", async (t) => {
  const gateway = await testGateway(t);
  const { headers, uid, directory } = await testTenant(gateway, "acme");
  await rename(directory, `${directory}.away`);
  const response = await gateway.app.inject({ url: "/api/tenant/whoami", headers });
  t.match(response.json(), { tenant: "acme", uid, createdAt: /Z$/, labels: {} });
});
