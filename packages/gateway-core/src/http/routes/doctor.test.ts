import { chmod, stat } from "node:fs/promises";
import t from "tap";
import { ADMIN, testGateway } from "../../test-support/gateway.js";

t.test("a new gateway is well", async (t) => {
  const { app } = await testGateway(t);
  for (const url of ["/api/admin/doctor", "/api/admin/doctor?quick=true"]) {
    const { findings } = (await app.inject({ url, headers: ADMIN })).json<{
      findings: { check: string }[];
    }>();
    // How much room there is, is this machine's affair.
    t.match(
      findings.filter(({ check }) => check !== "disk-space"),
      [
        { check: "config", severity: "ok" },
        { check: "permissions", severity: "ok" },
        { check: "tenants", severity: "ok", message: "All 0 tenants are served" },
        { check: "clock", severity: "ok" },
        { check: "workspace", severity: "ok" },
        { check: "admin-token", severity: "ok" },
      ],
    );
  }
});

t.test("repairs are made, told, and on record", async (t) => {
  const { app, stateDir } = await testGateway(t);
  await chmod(stateDir, 0o755);
  const repaired = await app.inject({ method: "POST", url: "/api/admin/doctor", headers: ADMIN });
  t.match(repaired.json(), { repairs: [{ check: "permissions", ok: true, outcome: /1 got mode 700/ }] });
  t.equal((await stat(stateDir)).mode & 0o777, 0o700);
  const { lines } = (await app.inject({ url: "/api/admin/audit", headers: ADMIN })).json<{
    lines: object[];
  }>();
  t.match(lines[0], { actor: "admin", action: "POST /api/admin/doctor", details: { repairs: 1, failed: 0 } });
});
