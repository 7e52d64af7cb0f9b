import { writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { CronTime, cronBed } from "../../test-support/cron.js";
import { testTenant } from "../../test-support/gateway.js";

const NOON = "2026-03-01T12:00:00Z";

t.test("an admin adds a schedule by its command, sees its next runs, and it runs", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  const added = await bed.call("POST", "/api/admin/tenants/acme/cron", {
    name: "nightly-copy",
    schedule: "0 3 * * *",
    tz: "Europe/Berlin",
    cmd: "openclaw tenants copy acme --to s3://my-bucket/acme/$(date +%F).tar.zst --level 9",
  });
  t.equal(added.status, 201);
  t.match(added.body, {
    tenant: "acme",
    name: "nightly-copy",
    enabled: true,
    approved: true,
    job: "copy",
    parameters: { to: "s3://my-bucket/acme/$(date +%F).tar.zst", level: 9 },
    createdBy: "admin",
    nextRuns: [
      { at: "2026-03-02T02:00:00.000Z", words: "tomorrow at 03:00, Europe/Berlin (in 14 hours)" },
      { at: "2026-03-03T02:00:00.000Z", words: "on Tuesday at 03:00, Europe/Berlin (in 1 day 14 hours)" },
      {},
      {},
      {},
    ],
  });
  t.notHas(added.body, { problem: String, lastRun: Object });
  await time.walk("2026-03-02T02:00:01Z", 600_000);
  t.same(bed.started, [
    {
      tenant: "acme",
      parameters: { to: "s3://my-bucket/acme/2026-03-02.tar.zst", level: 9 },
      trigger: "cron",
      actor: "admin",
      jobId: "j1",
      at: "2026-03-02T02:00:00.000Z",
    },
  ]);
  bed.reports.set("j1", {
    state: "failed",
    finishedAt: Date.parse("2026-03-02T02:05:00Z"),
    error: { code: "STORE_DENIED", message: "No." },
  });
  const { body } = await bed.call("GET", "/api/admin/tenants/acme/cron/nightly-copy/runs");
  const run = {
    at: "2026-03-02T02:00:00.000Z",
    due: "2026-03-02T02:00:00.000Z",
    by: "schedule",
    outcome: "started",
    jobId: "j1",
    job: {
      state: "failed",
      finishedAt: "2026-03-02T02:05:00.000Z",
      error: { code: "STORE_DENIED", message: "No." },
    },
  };
  t.same(body, { runs: [run] });
  t.match((await bed.call("GET", "/api/admin/cron")).body, {
    schedules: [{ name: "nightly-copy", lastRun: run }],
  });
  const { job, ...noted } = run;
  t.same(bed.runs, [{ tenant: "acme", schedule: "nightly-copy", job: "copy", run: noted }]);
});

t.test("run, disable, enable and remove", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "0 * * * *" });
  const nightly = "/api/admin/tenants/acme/cron/nightly";
  t.match(await bed.call("POST", `${nightly}/run`), {
    status: 202,
    body: { by: "admin", outcome: "started", jobId: "j1" },
  });
  t.match(bed.started, [{ trigger: "api", actor: "admin", parameters: { level: 3 } }]);

  const off = await bed.call("POST", `${nightly}/disable`);
  t.match(off, { status: 200, body: { enabled: false, nextRuns: [] } });
  await time.walk("2026-03-01T15:30:00Z", 900_000);
  t.equal(bed.started.length, 1);
  t.match((await bed.call("POST", `${nightly}/enable`)).body, {
    enabled: true,
    nextRuns: [{ at: "2026-03-01T16:00:00.000Z" }],
  });
  await time.to("2026-03-01T15:45:00Z");
  t.equal(bed.started.length, 1, "what would have run while it was off is not made up for");
  await time.to("2026-03-01T16:00:00Z");
  t.equal(bed.started.length, 2);
  t.match(await bed.call("POST", `${nightly}/enable`), { status: 200 }, "it is on already");

  t.same((await bed.call("DELETE", nightly)).body, { removed: "nightly" });
  await time.to("2026-03-01T17:00:00Z");
  t.equal(bed.started.length, 2);
  t.match(await bed.call("GET", nightly), { status: 404, body: { code: "SCHEDULE_NOT_FOUND", exitCode: 3 } });
  await bed.add("acme", {});
  t.same((await bed.call("GET", `${nightly}/runs`)).body, { runs: [] }, "another one of the same name");
});

t.test("the gateway has schedules of its own", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  const sweep = { name: "sweep", schedule: "@hourly", job: "sweep" };
  t.match(await bed.call("POST", "/api/admin/gateway/cron", sweep), {
    status: 201,
    body: { name: "sweep", approved: true },
  });
  await time.to("2026-03-01T13:00:00Z");
  t.match(bed.started, [{ parameters: {}, trigger: "cron", actor: "admin" }]);
  t.notHas(bed.started[0], { tenant: String });
  t.match((await bed.call("GET", "/api/admin/gateway/cron/sweep")).body, { lastRun: { outcome: "started" } });
  t.match(await bed.call("POST", "/api/admin/gateway/cron/sweep/approve"), { status: 200 });
  t.match(await bed.call("POST", "/api/admin/gateway/cron", { ...sweep, name: "b", job: "copy" }), {
    body: { code: "REQUEST_INVALID", detail: /a tenant's/ },
  });
});

t.test("what cannot be a schedule is refused with the reason", async (t) => {
  const bed = await cronBed(t, new CronTime(NOON));
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", {});
  const good = { name: "other", schedule: "0 3 * * *", job: "copy" };
  for (const [change, expected] of [
    [{ schedule: "0 30 * * *" }, { code: "SCHEDULE_INVALID", exitCode: 2 }],
    [{ tz: "Mars/Olympus" }, { code: "SCHEDULE_INVALID", exitCode: 2 }],
    [{ jitter: "5 minutes" }, { code: "SCHEDULE_INVALID", hint: /90s, 10m/ }],
    [{ name: "no/slashes" }, { code: "REQUEST_INVALID", exitCode: 2 }],
    [{ name: "nightly" }, { code: "SCHEDULE_EXISTS", exitCode: 4 }],
    [{ job: "nothing" }, { code: "NOT_FOUND", hint: /copy, drop, sweep/ }],
    [{ job: "sweep" }, { code: "REQUEST_INVALID", detail: /the gateway's/ }],
    [{ job: undefined }, { code: "REQUEST_INVALID", detail: /either cmd or job/ }],
    [{ cmd: "openclaw tenants copy acme" }, { code: "REQUEST_INVALID", detail: /either cmd or job/ }],
    [
      { job: undefined, cmd: "openclaw tenants copy other" },
      { code: "COMMAND_REFUSED", exitCode: 5 },
    ],
    [
      { job: undefined, cmd: "openclaw tenants copy acme; id" },
      { code: "COMMAND_REFUSED", exitCode: 5 },
    ],
    [{ parameters: { level: 10 } }, { code: "REQUEST_INVALID", detail: /level must be <= 9/ }],
    [{ parameters: { unknown: 1 } }, { code: "REQUEST_INVALID", detail: /unknown is unknown/ }],
    [{ parameters: { to: "$(id)" } }, { code: "REQUEST_INVALID", detail: /parameters\.to cannot.*no shell/ }],
    [{ parameters: { to: "https://key:secret@host/x" } }, { code: "REQUEST_INVALID", detail: /credentials/ }],
    [{ surprise: true }, { code: "REQUEST_INVALID", detail: /surprise is unknown/ }],
  ] as const) {
    const { body } = await bed.call("POST", "/api/admin/tenants/acme/cron", { ...good, ...change });
    t.match(body, expected, JSON.stringify(change));
  }
  t.match(await bed.call("GET", "/api/admin/tenants/nobody/cron"), { body: { code: "TENANT_NOT_FOUND" } });
  t.match((await bed.call("GET", "/api/admin/tenants/acme/cron")).body["schedules"], { length: 1 });
});

t.test("tenants manage their own schedules, with their own rights", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  const acme = await testTenant(bed.gateway, "acme");
  const other = await testTenant(bed.gateway, "other");
  const asAcme = (method: "GET" | "POST" | "DELETE", url: string, body?: object) =>
    bed.call(method, `/api/tenant/cron${url}`, body, acme.headers);
  const mine = { name: "mine", schedule: "30 * * * *", job: "copy" };
  t.match(await asAcme("POST", "", mine), {
    status: 201,
    body: { tenant: "acme", approved: false, createdBy: "tenant:acme" },
  });
  for (const [change, detail] of [
    [{ parameters: { to: "s3://elsewhere" } }, /it may not choose a place/],
    [{ job: "drop" }, /a drop job is not for tenants to start/],
    [{ schedule: "*/5 * * * * *" }, /once a minute at most/],
  ] as const) {
    t.match(await asAcme("POST", "", { ...mine, name: "more", ...change }), {
      status: 403,
      body: { code: "FORBIDDEN", exitCode: 5, detail },
    });
  }
  t.match(
    await asAcme("POST", "", { ...mine, name: "b", job: undefined, cmd: "openclaw tenants copy other" }),
    {
      body: { code: "COMMAND_REFUSED", detail: /a schedule of acme works on acme alone/ },
    },
  );
  await bed.add("acme", { name: "admins" });
  await time.to("2026-03-01T12:30:00Z");
  t.match(bed.started, [{ tenant: "acme", trigger: "cron", actor: "tenant:acme" }]);
  t.match(await asAcme("POST", "/mine/run"), { status: 202, body: { by: "tenant:acme", jobId: "j2" } });
  t.match((await asAcme("GET", "")).body, { schedules: [{ name: "admins" }, { name: "mine" }] });
  for (const [method, url] of [
    ["POST", "/admins/disable"],
    ["POST", "/admins/run"],
    ["DELETE", "/admins"],
  ] as const) {
    t.match(await asAcme(method, url), { status: 403, body: { detail: /is the admin's/ } }, url);
  }
  t.match(await asAcme("POST", "/admins/approve"), { status: 404 });
  t.match((await asAcme("POST", "/mine/disable")).body, { enabled: false });

  t.same((await bed.call("GET", "/api/tenant/cron", undefined, other.headers)).body, { schedules: [] });
  t.match(await bed.call("GET", "/api/tenant/cron/mine", undefined, other.headers), { status: 404 });
  t.match(await bed.call("GET", "/api/admin/tenants/acme/cron", undefined, acme.headers), { status: 403 });
  t.match(await asAcme("DELETE", "/mine"), { status: 200 });
});

t.test("no tenant has more schedules than can be looked at every second", async (t) => {
  const time = new CronTime(NOON);
  const before = await cronBed(t, time);
  const { directory, headers } = await testTenant(before.gateway, "acme");
  const { tenant, hash, approved, nextRuns, ...schedule } = await before.add("acme", {});
  await before.gateway.close();
  const jobs = Array.from({ length: 200 }, (_, n) => ({ ...schedule, name: `s${n}` }));
  await writeFile(path.join(directory, "cron/jobs.json"), JSON.stringify({ version: 1, jobs }));
  const bed = await cronBed(t, time, { stateDir: before.stateDir });
  const one = { name: "one-more", schedule: "@daily", job: "copy" };
  t.match(await bed.call("POST", "/api/tenant/cron", one, headers), { body: { code: "QUOTA_EXCEEDED" } });
});
