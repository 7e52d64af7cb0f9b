import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a rotated token works at once and the old one no more, after a restart too", async (t) => {
  const gateway = await testGateway(t);
  const { headers, uid } = await testTenant(gateway, "acme");
  const response = await gateway.app.inject({
    method: "POST",
    url: "/api/admin/tenants/acme/token",
    headers: ADMIN,
  });
  t.match(response.json(), { id: "acme", token: /^tk_acme_[0-9a-f]{32}$/ });
  const authorization = `Bearer ${response.json<{ token: string }>().token}`;
  const whoami = (of: typeof gateway, with_: { authorization: string }) =>
    of.app.inject({ url: "/api/tenant/whoami", headers: with_ });
  t.equal((await whoami(gateway, headers)).statusCode, 401);
  t.match((await whoami(gateway, { authorization })).json(), { tenant: "acme", uid });

  await gateway.close();
  const next = await testGateway(t, { stateDir: gateway.stateDir });
  t.equal((await whoami(next, headers)).statusCode, 401);
  t.match((await whoami(next, { authorization })).json(), { tenant: "acme", uid });
});
