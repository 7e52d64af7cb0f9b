import t from "tap";
import { ADMIN, testGateway } from "../../test-support/gateway.js";

t.test("a new gateway is well", async (t) => {
  const { app } = await testGateway(t);
  const response = await app.inject({ url: "/api/admin/doctor", headers: ADMIN });
  t.match(response.json(), {
    worst: "ok",
    findings: [
      { check: "state-directory", severity: "ok" },
      { check: "tenants", severity: "ok", message: "All 0 tenants are served" },
      { check: "admin-token", severity: "ok" },
    ],
  });
});
