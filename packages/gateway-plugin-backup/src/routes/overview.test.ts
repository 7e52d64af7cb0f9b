import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import type { Overview } from "./overview.js";
import type { JobView } from "./schemas.js";

const DAY_MS = 86_400_000;

await t.test("all tenants at one glance, the worst first, and one of them with its alerts", async (t) => {
  const gateway = await testGateway(t, { absence: { maxAge: "1d" } });
  for (const id of ["fine", "failing", "bare"]) await gateway.tenant(id, { "workspace/a.txt": "content" });
  await gateway.job("/api/admin/tenants/fine/backups");
  await gateway.job("/api/admin/tenants/fine/backups", { rehash: true });
  await gateway.job("/api/admin/tenants/failing/backups");
  const [archive] = (await gateway.call("GET", "/api/admin/tenants/failing/backups")).body["archives"] as {
    id: string;
    location: string;
  }[];
  writeFileSync(archive?.location ?? "", "no archive any more");
  await gateway.job("/api/admin/backups/verify", { archive: archive?.id, level: "full" });
  rmSync(join(gateway.stateDir, "backups"), { recursive: true });
  writeFileSync(join(gateway.stateDir, "backups"), "in the way");
  const failed = await gateway.job("/api/admin/tenants/failing/backups");
  t.equal(failed.state, "failed");

  const { status, body } = await gateway.call("GET", "/api/admin/backups/overview");
  t.equal(status, 200);
  const { now, tenants, totals } = body as unknown as Overview;
  t.match(totals, { tenants: 3, states: { failing: 1, none: 1, ok: 1 }, archives: 3, running: 0, queued: 0 });
  t.match(
    tenants.map(({ tenant, state }) => [tenant, state]),
    [
      ["failing", "failing"],
      ["bare", "none"],
      ["fine", "ok"],
    ],
  );
  t.same((body as unknown as Overview).gateway, { state: "none", schedule: "none" });
  t.match(tenants[0], {
    failureCode: failed.error?.code,
    failedJob: failed.id,
    damagedArchive: archive?.id,
    archives: 1,
    trend: [],
  });
  t.match(tenants[2], { archives: 2, trend: [Number, 100], archive: String, size: Number });
  const { lastBackup = "", deadline = "" } = tenants[2] ?? {};
  t.equal(Date.parse(deadline) - Date.parse(lastBackup), DAY_MS);
  t.ok(Date.parse(now) >= Date.parse(lastBackup));
  t.equal(tenants[0]?.alerts, undefined);
  t.equal(
    totals.storedBytes,
    tenants.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
  );

  const one = (await gateway.call("GET", "/api/admin/backups/overview?tenant=failing")).body;
  t.match((one as unknown as Overview).tenants, [
    {
      tenant: "failing",
      alerts: [
        { kind: "damaged", count: 1, archive: archive?.id },
        { kind: "failure", message: /verify/ },
        { kind: "failure", message: /backup/, code: failed.error?.code, jobId: failed.id },
      ],
    },
  ]);
  t.same((await gateway.call("GET", "/api/admin/backups/overview?tenant=nobody")).body["tenants"], []);
  const ofGateway = await gateway.job("/api/admin/gateway/backups");
  t.match((await gateway.call("GET", "/api/admin/backups/overview")).body["gateway"], {
    ...{ state: "failing", failedJob: ofGateway.id, failureCode: ofGateway.error?.code },
  });
});

await t.test("what runs or waits stands with its tenant, with how far it is", async (t) => {
  const gateway = await testGateway(t, { concurrency: 1 });
  await gateway.tenant("first", { "workspace/big.txt": randomBytes(3_000_000).toString("hex") });
  await gateway.tenant("second");
  // The slow one is asked about as soon as it says how far it is.
  const slow = await gateway.call("POST", "/api/admin/tenants/first/backups", { limitUpload: "100KiB" });
  const { id } = slow.body["job"] as JobView;
  await gateway.call("POST", "/api/admin/tenants/second/backups", {});
  const whole = await gateway.call("POST", "/api/admin/gateway/backups", {});
  const read = async (): Promise<Overview> =>
    (await gateway.call("GET", "/api/admin/backups/overview")).body as unknown as Overview;
  let seen = await read();
  const jobOf = ({ tenants }: Overview, tenant: string) => tenants.find((one) => one.tenant === tenant)?.job;
  for (let round = 0; round < 500 && jobOf(seen, "first")?.percent === undefined; round++) {
    await setTimeout(20);
    seen = await read();
  }
  t.match(jobOf(seen, "first"), { id, type: "backup", state: "running", percent: Number });
  t.match(jobOf(seen, "second"), { type: "backup", state: "queued" });
  const { id: gatewayJob } = whole.body["job"] as JobView;
  t.match(seen.gateway.job, { id: gatewayJob, type: "gateway-backup", state: "queued" });
  t.match(seen.totals, { running: 1, queued: 2 });
  await gateway.call("POST", `/api/admin/jobs/${id}/cancel`);
});

await t.test("a tenant's list of archives says what each backup has sent and how long it took", async (t) => {
  const gateway = await testGateway(t);
  const token = await gateway.tenant("acme", { "workspace/a.txt": "content" });
  await gateway.job("/api/admin/tenants/acme/backups");
  const figures = [{ sentBytes: Number, durationMs: Number }];
  t.match((await gateway.call("GET", "/api/admin/tenants/acme/backups")).body["archives"], figures);
  const headers = { authorization: `Bearer ${token}` };
  const own = await gateway.gateway.app.inject({ url: "/api/tenant/backups", headers });
  t.match(own.json(), { archives: figures });
});
