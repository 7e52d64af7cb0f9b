import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import { TickingTime } from "../test-support/ticking-time.js";

const DAY = 86_400_000;

await t.test("doctor, status and metrics tell which tenants are backed up", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  await host.tenant("beta");
  const findings = async (): Promise<unknown> =>
    (await host.call("GET", "/api/admin/doctor")).body["findings"];
  const about = (await findings()) as { check: string; severity: string; tenant?: string; fix?: string }[];
  t.match(
    about.filter(({ check }) => check === "backup-age"),
    [
      { severity: "warning", tenant: "acme", fix: /openclaw tenants backup acme/ },
      { severity: "warning", tenant: "beta" },
    ],
  );
  t.match(
    about.filter(({ check }) => check === "backup-destination"),
    [{ severity: "warning", message: /same file system/ }],
  );
  await host.job("/api/admin/tenants/acme/backups");
  const after = (await findings()) as { check: string; severity: string; tenant?: string }[];
  t.match(
    after.filter(({ check, tenant }) => check === "backup-age" && tenant === "acme"),
    [{ severity: "ok" }],
  );
  const status = await host.call("GET", "/api/admin/status");
  t.match(status.body, {
    sections: {
      backup: {
        activeJobs: 0,
        defaultDestination: { severity: "warning", message: /same file system/ },
        tenants: [{ tenant: "beta" }, { tenant: "acme", location: /acme/ }],
      },
    },
  });
  const metrics = await host.gateway.app.inject({ url: "/metrics", headers: host.headers });
  t.match(metrics.body, /openclaw_backup_jobs_total\{type="backup",state="succeeded",code=""\} 1/);
  t.match(metrics.body, /openclaw_backup_last_success_timestamp_seconds\{tenant="acme"\} \d+/);
  t.notMatch(metrics.body, /last_success_timestamp_seconds\{tenant="beta"\}/);
  t.match(metrics.body, /openclaw_backup_queue_length 0/);
});

await t.test("and whether the whole gateway is", async (t) => {
  const time = new TickingTime("2026-03-07T12:00:00Z");
  const host = await testGateway(t, {}, undefined, [], { clock: time.clock, ticker: time.ticker });
  await host.tenant("acme");
  const found = async (): Promise<unknown> => {
    const { body } = await host.call("GET", "/api/admin/doctor");
    const findings = body["findings"] as { readonly check: string }[];
    return findings.filter(({ check }) => check === "backup-gateway");
  };
  const metrics = async (): Promise<string> =>
    (await host.gateway.app.inject({ url: "/metrics", headers: host.headers })).body;
  const status = async (): Promise<object> => {
    const { body } = await host.call("GET", "/api/admin/status");
    return (body as { sections: { backup: { gateway: object } } }).sections.backup.gateway;
  };
  t.match(await found(), [{ severity: "info", message: /never backed up/, fix: /openclaw gateway backup/ }]);
  t.same(await status(), { state: "none", schedule: "none" });
  t.match(await metrics(), /openclaw_backup_gateway_overdue 0/);
  t.notMatch(await metrics(), /openclaw_backup_gateway_last_success_timestamp_seconds \d/);

  await host.job("/api/admin/gateway/backups");
  t.match(await found(), [
    { severity: "ok", message: /newest backup of the gateway was taken at 2026-03-07T12:/ },
    { severity: "info", message: /No backup of the gateway was ever verified/, fix: /verify @gateway/ },
  ]);
  t.match(await status(), { state: "ok", lastBackup: /^2026-03-07T12/, location: /backups/, size: Number });
  t.match(await metrics(), /openclaw_backup_gateway_last_success_timestamp_seconds 1\.?\d+/);
  t.notMatch(JSON.stringify((await host.call("GET", "/api/admin/doctor")).body), /not on this gateway/);

  await time.pass(3 * DAY);
  t.match(await found(), [{ severity: "warning", message: /3 days ago/ }, {}]);
  const nightly = { name: "nightly", schedule: "@daily", job: "gateway-backup", parameters: {} };
  t.equal((await host.call("POST", "/api/admin/gateway/cron", nightly)).status, 201);
  t.equal((await host.call("POST", "/api/admin/gateway/cron/nightly/disable")).status, 200);
  t.match(await found(), [
    { severity: "warning" },
    {
      severity: "warning",
      message: /No schedule backs the gateway up: nightly is disabled/,
      fix: /--gateway nightly/,
    },
    {},
  ]);
});
