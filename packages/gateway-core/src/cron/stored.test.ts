/** Schedules on disk: what travels with a tenant, what does not, and what becomes of damaged files. */
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import t from "tap";
import type { DoctorFinding } from "../doctor/run.js";
import { CronTime, cronBed, type CronBed } from "../test-support/cron.js";
import { testTenant } from "../test-support/gateway.js";

const NOON = "2026-03-01T12:00:00Z";

/** Changes a tenant's directory as a restore does: while the tenant is suspended. */
async function swapped(
  bed: CronBed,
  tenant: string,
  change: (directory: string) => Promise<void>,
): Promise<void> {
  const { tenants } = bed.host;
  const claim = tenants.claim(tenant, "a restore");
  if (!claim.ok) throw new Error(claim.heldBy);
  const suspension = await tenants.suspend(tenant, { reason: "a restore", timeoutMs: 1000 });
  await change(tenants.directory(tenant));
  await suspension.resume();
  claim.release();
}

async function jobsOf(directory: string): Promise<{ version: number; jobs: Record<string, unknown>[] }> {
  return JSON.parse(await readFile(path.join(directory, "cron/jobs.json"), "utf8")) as never;
}

async function findings(bed: CronBed): Promise<readonly DoctorFinding[]> {
  const { body } = await bed.call("GET", "/api/admin/doctor");
  return (body["findings"] as readonly DoctorFinding[]).filter(({ check }) => check === "schedules");
}

t.test("a tenant's schedules stand in its own directory, the gateway's and what ran beside", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  const { directory, uid } = await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "0 * * * *" });
  await bed.call("POST", "/api/admin/gateway/cron", { name: "sweep", schedule: "@daily", job: "sweep" });
  const file = path.join(directory, "cron/jobs.json");
  const before = await readFile(file, "utf8");
  t.match(JSON.parse(before), { version: 1, jobs: [{ name: "nightly", enabled: true, job: "copy" }] });
  await time.to("2026-03-01T13:00:00Z");
  t.equal(bed.started.length, 1);
  await bed.gateway.close();
  t.equal(await readFile(file, "utf8"), before, "a run leaves the tenant's directory as it was");
  t.same((await readdir(path.join(bed.stateDir, "cron"))).sort(), ["approvals.json", "jobs.json", "runs"]);
  t.same(
    (await readdir(path.join(bed.stateDir, "cron/runs"))).sort(),
    [`acme.${uid}.json`, "gateway.json"].sort(),
  );
});

t.test("history is bounded", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "* * * * *" });
  await time.walk("2026-03-01T14:00:00Z", 60_000);
  const { body } = await bed.call("GET", "/api/admin/tenants/acme/cron/nightly/runs");
  t.match(body["runs"], { length: 100, 0: { due: "2026-03-01T14:00:00.000Z" } });
});

t.test("a schedule that came with a restore waits for an approval where it needs more", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { name: "approved", schedule: "0 * * * *", parameters: { to: "s3://ours" } });
  await swapped(bed, "acme", async (directory) => {
    const content = await jobsOf(directory);
    const [approved = {}] = content.jobs;
    content.jobs.push(
      { ...approved, name: "modest", parameters: {} },
      { ...approved, name: "greedy", createdBy: "admin", parameters: { to: "s3://theirs" } },
      { ...approved, name: "hasty", schedule: "0,59 0 * * * *", parameters: {} },
    );
    await writeFile(path.join(directory, "cron/jobs.json"), JSON.stringify(content));
  });
  await time.to("2026-03-01T13:00:00Z");
  t.match(
    bed.runs.shift(),
    { schedule: "hasty", run: { outcome: "refused", reason: /once a minute at most$/ } },
    "it waits since 12:00:59",
  );
  t.match(bed.runs, [
    { schedule: "approved", run: { outcome: "started" } },
    { schedule: "modest", run: { outcome: "started" } },
    { schedule: "greedy", run: { outcome: "refused", code: "SCHEDULE_UNAPPROVED" } },
  ]);
  t.match(bed.started, [{ actor: "admin" }, { actor: "tenant:acme" }]);
  const greedy = "/api/admin/tenants/acme/cron/greedy";
  t.match((await bed.call("GET", greedy)).body, {
    approved: false,
    problem: "Schedule greedy of tenant acme waits for an admin's approval: it may not choose a place.",
  });
  t.match(await bed.call("POST", `${greedy}/run`), { status: 403, body: { code: "SCHEDULE_UNAPPROVED" } });
  t.match(await findings(bed), [
    { severity: "warning", tenant: "acme", message: /greedy .*waits/ },
    { severity: "warning", tenant: "acme", message: /hasty .*waits/ },
  ]);
  await bed.call("DELETE", "/api/admin/tenants/acme/cron/hasty");
  const { hash } = (await bed.call("GET", greedy)).body as { hash: string };
  t.match(await bed.call("POST", `${greedy}/approve?hash=${"0".repeat(16)}`), {
    status: 409,
    body: { code: "SCHEDULE_CHANGED", detail: /Schedule greedy of tenant acme is not the one/ },
  });
  t.match((await bed.call("GET", greedy)).body, { approved: false });
  t.match((await bed.call("POST", `${greedy}/approve?hash=${hash.slice(0, 16)}`)).body, { approved: true });
  await time.to("2026-03-01T14:00:00Z");
  t.match(bed.started.at(-1), { actor: "admin", parameters: { to: "s3://theirs" } });
  await swapped(bed, "acme", async (directory) => {
    const { jobs } = await jobsOf(directory);
    const changed = jobs.map((job) => ({ ...job, schedule: "* * * * *" }));
    await writeFile(path.join(directory, "cron/jobs.json"), JSON.stringify({ version: 1, jobs: changed }));
  });
  t.match((await bed.call("GET", greedy)).body, { approved: false }, "an approval is of what was looked at");
});

t.test("a tenant that moves brings its schedules, and has missed nothing", async (t) => {
  const time = new CronTime(NOON);
  const there = await cronBed(t, time);
  const { directory } = await testTenant(there.gateway, "acme");
  await there.add("acme", { name: "off", schedule: "@hourly" });
  await there.add("acme", { name: "on", schedule: "@hourly" });
  await there.call("POST", "/api/admin/tenants/acme/cron/off/disable");
  await there.gateway.close();

  await time.to("2026-06-01T12:30:00Z");
  const here = await cronBed(t, time);
  const { tenants } = here.host;
  const claim = tenants.claim("acme", "a restore");
  const suspension = await tenants.suspend("acme", { reason: "a restore", timeoutMs: 1000 });
  await rename(directory, tenants.directory("acme"));
  await suspension.resume();
  if (claim.ok) claim.release();
  await time.to("2026-06-01T12:31:00Z");
  t.same(here.runs, []);
  await time.to("2026-06-01T13:00:00Z");
  t.match(here.runs, [{ schedule: "on", run: { outcome: "started", by: "schedule" } }]);
});

t.test("a tenant that is gone has no schedules, nor has the next one of its name", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "* * * * *" });
  await bed.call("DELETE", "/api/admin/tenants/acme?confirm=acme");
  await time.to("2026-03-01T12:05:00Z");
  t.same(bed.runs, []);
  await testTenant(bed.gateway, "acme");
  t.same((await bed.call("GET", "/api/admin/tenants/acme/cron")).body, { schedules: [] });
  await bed.add("acme", {});
  t.same(
    bed.host.schedules.list().map(({ tenant, name }) => [tenant, name]),
    [["acme", "nightly"]],
  );
});

t.test("a damaged file is kept aside and named, and the others go on", async (t) => {
  const time = new CronTime(NOON);
  const first = await cronBed(t, time);
  const { directory, uid } = await testTenant(first.gateway, "acme");
  await testTenant(first.gateway, "other");
  await first.add("acme", { name: "lost" });
  await first.add("other", { name: "good" });
  await first.call("POST", "/api/admin/gateway/cron", { name: "sweep", schedule: "@daily", job: "sweep" });
  await first.gateway.close();
  const cron = path.join(first.stateDir, "cron");
  await writeFile(path.join(directory, "cron/jobs.json"), '{"version":1,"jobs":{}}');
  await writeFile(path.join(cron, "jobs.json"), "{ half a fi");
  await writeFile(path.join(cron, "approvals.json"), '{"version":1}');
  await writeFile(path.join(cron, `runs/acme.${uid}.json`), "not json");

  const logDestination = new PassThrough();
  const second = await cronBed(t, time, { stateDir: first.stateDir, logLevel: "error", logDestination });
  const aside = "damaged-2026-03-01T12-00-00.000Z";
  t.same(await readdir(path.join(directory, "cron")), [`jobs.json.${aside}`]);
  t.same((await readdir(cron)).sort(), [`approvals.json.${aside}`, `jobs.json.${aside}`, "runs"]);
  t.match((await second.call("GET", "/api/admin/cron")).body["schedules"], {
    length: 1,
    0: { name: "good" },
  });
  const damaged = (await findings(second)).filter(({ message }) => message.includes("damaged-"));
  t.equal(damaged.length, 4);
  t.ok(damaged.some(({ tenant, message }) => tenant === "acme" && message.includes("jobs.json.damaged-")));
  await second.gateway.close();
  logDestination.end();
  const log = await text(logDestination);
  t.equal(log.split("\n").filter((line) => line.includes("was set aside")).length, 4);
});

t.test(
  "a schedule that makes no sense stays in the file as it is, is named, and can be removed",
  async (t) => {
    const time = new CronTime(NOON);
    const bed = await cronBed(t, time);
    await testTenant(bed.gateway, "acme");
    await bed.add("acme", { name: "good" });
    await swapped(bed, "acme", async (directory) => {
      const content = await jobsOf(directory);
      const [good = {}] = content.jobs;
      content.jobs.push({ name: "report", schedule: "0 7 * * *" }, good, {
        ...good,
        name: "x",
        tz: "Nowhere",
      });
      await writeFile(path.join(directory, "cron/jobs.json"), JSON.stringify(content));
    });
    const directory = bed.host.tenants.directory("acme");
    const names = async () => (await jobsOf(directory)).jobs.map(({ name }) => name);
    t.same(await names(), ["good", "report", "good", "x"]);
    const url = "/api/admin/tenants/acme/cron";
    t.match((await bed.call("GET", url)).body["schedules"], { length: 1, 0: { name: "good" } });
    t.match(await findings(bed), [
      { severity: "info", tenant: "acme", message: /report .* does not run: \w+ is missing/ },
      { message: /the name good stands twice/ },
      { message: /'Nowhere' is no time zone/ },
    ]);
    t.match(await bed.call("POST", url, { name: "x", schedule: "@daily", job: "copy" }), {
      body: { code: "SCHEDULE_EXISTS" },
    });
    await bed.call("POST", `${url}/good/disable`);
    t.match((await jobsOf(directory)).jobs, [{ enabled: false }, { name: "report", schedule: "0 7 * * *" }]);
    t.match(await bed.call("DELETE", `${url}/report`), { status: 200 });
    t.same(await names(), ["good", "good", "x"]);
  },
);

t.test("a cron directory or file that is a link is not followed", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { name: "mine", schedule: "* * * * *" });
  await swapped(bed, "acme", async (directory) => {
    await rename(path.join(directory, "cron"), path.join(directory, "workspace/cron"));
    await symlink("workspace/cron", path.join(directory, "cron"));
  });
  const list = () => bed.call("GET", "/api/admin/tenants/acme/cron");
  t.match(await list(), { body: { code: "PATH_NOT_ALLOWED" } });
  await time.to("2026-03-01T12:01:00Z");
  t.same(bed.runs, []);
  t.match(await findings(bed), [{ severity: "critical", tenant: "acme", message: /cron is a link/ }]);
  await swapped(bed, "acme", async (directory) => {
    await rm(path.join(directory, "cron"));
    await mkdir(path.join(directory, "cron"));
    await symlink("../workspace/cron/jobs.json", path.join(directory, "cron/jobs.json"));
  });
  t.same((await list()).body, { schedules: [] });
});

t.test("a schedule whose job type is gone, or whose parameters no longer fit, says so", async (t) => {
  const time = new CronTime(NOON);
  const first = await cronBed(t, time);
  await testTenant(first.gateway, "acme");
  await first.add("acme", { schedule: "* * * * *" });
  await first.gateway.close();
  const second = await cronBed(t, time, { stateDir: first.stateDir, jobTypes: [] });
  await time.to("2026-03-01T12:01:00Z");
  t.match(second.runs, [{ run: { outcome: "failed", code: "NOT_FOUND", reason: /no plugin offers/ } }]);
  t.match(second.host.schedules.list(), [{ problem: "No plugin offers copy jobs.", enabled: true }]);
});

t.test("plugins see the schedules with their times", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { tz: "Europe/Berlin", parameters: { to: "dest:x" } });
  await time.to("2026-03-02T02:00:00Z");
  const [info] = bed.host.schedules.list();
  t.match(info, {
    tenant: "acme",
    name: "nightly",
    job: "copy",
    parameters: { to: "dest:x" },
    enabled: true,
    runs: [{ outcome: "started" }],
  });
  t.equal(info?.nextRun(time.clock.now()), Date.parse("2026-03-03T02:00:00Z"));
  t.equal(info?.startsBy(time.clock.now()), Date.parse("2026-03-03T02:00:00Z"));
  t.equal(info?.longestInterval(), 86_400_000);
  await bed.add("acme", { name: "off", schedule: "0 3 * * 1-5", jitter: "2h" });
  await bed.add("acme", { name: "tight", schedule: "0 * * * *", jitter: "2h" });
  await bed.call("POST", "/api/admin/tenants/acme/cron/off/disable");
  const [, off, tight] = bed.host.schedules.list();
  t.match(off, { name: "off", enabled: false, createdAt: "2026-03-02T02:00:00.000Z" });
  t.equal(off?.startsBy(time.clock.now()), Date.parse("2026-03-02T05:00:00Z"), "it would");
  t.equal(off?.longestInterval(), 3 * 86_400_000);
  t.equal(tight?.startsBy(time.clock.now()), Date.parse("2026-03-02T03:59:59Z"), "never behind the next");
  t.notOk(info?.problem);
});
