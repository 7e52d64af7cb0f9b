import { stat } from "node:fs/promises";
import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a tenant is deleted only with its id as confirmation", async (t) => {
  const gateway = await testGateway(t);
  const { directory, headers } = await testTenant(gateway, "acme");
  const remove = (query: string) =>
    gateway.app.inject({ method: "DELETE", url: `/api/admin/tenants/acme${query}`, headers: ADMIN });
  for (const query of ["", "?confirm=", "?confirm=yes", "?confirm=ACME"]) {
    t.match(
      (await remove(query)).json(),
      { code: "CONFIRMATION_REQUIRED", status: 400, hint: /--confirm/ },
      query,
    );
  }
  await stat(directory);
  t.same((await remove("?confirm=acme")).json(), { id: "acme", deleted: true });
  await t.rejects(stat(directory), { code: "ENOENT" });
  t.equal((await gateway.app.inject({ url: "/api/tenant/whoami", headers })).statusCode, 401);
  t.equal((await remove("?confirm=acme")).statusCode, 404);
});
