import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a tenant is shown with its directory; one that is not there is exit 3", async (t) => {
  const gateway = await testGateway(t);
  const { uid, directory } = await testTenant(gateway, "acme");
  const get = (id: string) => gateway.app.inject({ url: `/api/admin/tenants/${id}`, headers: ADMIN });
  t.match((await get("acme")).json(), { id: "acme", uid, directory, suspended: false });
  t.match((await get("nobody")).json(), {
    code: "TENANT_NOT_FOUND",
    status: 404,
    exitCode: 3,
    detail: "There is no tenant nobody",
    hint: /tenants list/,
  });
  t.equal((await get("..%2f..")).statusCode, 404);
});
