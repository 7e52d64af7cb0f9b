import t, { type Test } from "tap";
import { FakeGateway, json } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  return { gateway, cli: (...args) => runHere(args, { env: { OPENCLAW_GATEWAY_URL: gateway.url } }) };
}

const warning = {
  check: "backup-destination",
  severity: "warning",
  message: "Backups lie on the state's own file system.",
  fix: "Configure a destination elsewhere.",
};

t.test("doctor lists its findings and fails only when one is critical", async (t) => {
  const { gateway, cli } = await start(t);
  const critical = {
    check: "tenants",
    severity: "critical",
    tenant: "acme",
    message: "tenant.json is unreadable.",
  };
  gateway.on(
    "GET /api/admin/doctor",
    json(200, {
      findings: [warning, { check: "disk", severity: "ok", message: "Plenty." }],
      worst: "warning",
    }),
    json(200, { findings: [critical], worst: "critical" }),
  );
  const well = await cli("doctor");
  t.equal(well.code, 0);
  t.equal(
    well.stdout,
    [
      "warning   backup-destination: Backups lie on the state's own file system.",
      "          → Configure a destination elsewhere.",
      "ok        disk: Plenty.",
      "0 critical, 1 to look at, 1 ok",
      "",
    ].join("\n"),
  );
  const ill = await cli("doctor", "--json");
  t.equal(ill.code, 1);
  t.same(JSON.parse(ill.stdout), { findings: [critical], worst: "critical" });
});

t.test("status shows each plugin's section", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(
    "GET /api/admin/status",
    json(200, {
      version: "0.1.0",
      startedAt: "2026-06-03T02:00:00Z",
      uptimeSeconds: 7260,
      tenants: { count: 3 },
      warnings: ["The gateway listens on 0.0.0.0 without TLS."],
      sections: {
        backup: {
          jobs: { running: 1 },
          tenants: [{ tenant: "acme", size: 30 }, { tenant: "b2" }],
          destination: "backups/",
          lastError: null,
          notices: [],
        },
      },
    }),
  );
  t.equal(
    (await cli("status")).stdout,
    [
      "version  0.1.0",
      "started  2026-06-03 02:00:00Z",
      "uptime   2 h 1 min",
      "tenants  3",
      "warning: The gateway listens on 0.0.0.0 without TLS.",
      "",
      "backup:",
      "  jobs.running  1",
      "  destination   backups/",
      "  lastError     null",
      "  notices       []",
      "",
      "  tenants:",
      "  tenant  size",
      "  acme    30",
      "  b2",
      "",
    ].join("\n"),
  );
});
