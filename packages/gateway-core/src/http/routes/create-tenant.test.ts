import { readFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { ADMIN, testGateway } from "../../test-support/gateway.js";

t.test("a tenant is made, and its token shown this once", async (t) => {
  const { app, stateDir } = await testGateway(t);
  const post = (payload: object) =>
    app.inject({ method: "POST", url: "/api/admin/tenants", headers: ADMIN, payload });
  const response = await post({ id: "acme", labels: { team: "a" } });
  t.equal(response.statusCode, 201);
  const { tenant, token } = response.json<{ tenant: Record<string, unknown>; token: string }>();
  t.match(tenant, { id: "acme", uid: /^[0-9a-f]{32}$/, labels: { team: "a" }, quotas: {}, suspended: false });
  t.notOk("tokenSha256" in tenant);
  t.match(token, /^tk_acme_[0-9a-f]{32}$/);
  const record = await readFile(path.join(stateDir, "tenants", "acme", "tenant.json"), "utf8");
  t.notMatch(record, token);

  t.match((await post({ id: "acme" })).json(), { code: "TENANT_EXISTS", status: 409, exitCode: 4 });
  t.match((await post({ id: "../up" })).json(), { code: "TENANT_ID_INVALID", status: 400, exitCode: 2 });
});
