import t from "tap";
import { testGateway } from "../test-support/gateway.js";

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
