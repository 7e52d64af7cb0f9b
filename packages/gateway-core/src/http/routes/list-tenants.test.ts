import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("tenants are listed by id, without anything of their tokens", async (t) => {
  const gateway = await testGateway(t);
  const get = () => gateway.app.inject({ url: "/api/admin/tenants", headers: ADMIN });
  t.same((await get()).json(), { tenants: [] });
  await testTenant(gateway, "globex");
  await testTenant(gateway, "acme");
  const response = await get();
  t.match(response.json(), { tenants: [{ id: "acme", suspended: false }, { id: "globex" }] });
  t.notMatch(response.body, /tokenSha256/);
});
