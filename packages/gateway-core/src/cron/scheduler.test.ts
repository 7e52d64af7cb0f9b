import t from "tap";
import { Type } from "@openclaw/schema";
import type { JobType } from "../plugin/host.js";
import { CronTime, cronBed, type CronBed } from "../test-support/cron.js";
import { testTenant } from "../test-support/gateway.js";

const NOON = "2026-03-01T12:00:00Z";
const MINUTE_MS = 60_000;

/** When each job was started, to the minute. */
function times({ started }: CronBed): string[] {
  return started.map(({ at }) => at.slice(0, 16));
}

t.test("a gateway that was down for a week runs each missed schedule once", async (t) => {
  const time = new CronTime(NOON);
  const first = await cronBed(t, time);
  await testTenant(first.gateway, "acme");
  await testTenant(first.gateway, "other");
  await first.add("acme", { name: "hourly", schedule: "@hourly" });
  await first.add("acme", { name: "daily", schedule: "0 3 * * *" });
  await first.add("acme", { name: "never-late", schedule: "0 3 * * *", missed: "skip" });
  await first.add("acme", { name: "impatient", schedule: "0 0 2 * *", grace: "1d" });
  await first.add("other", { name: "weekly", schedule: "0 0 * * 0" });
  await first.add("other", { name: "monthly", schedule: "0 0 1 4 *" });
  await first.gateway.close();

  await time.to("2026-03-08T12:20:00Z");
  const second = await cronBed(t, time, { stateDir: first.stateDir });
  await time.to("2026-03-08T12:20:01Z");
  await time.to("2026-03-08T12:20:02Z");
  t.same(
    second.runs.map(({ tenant, schedule, run }) => [tenant, schedule, run.by, run.outcome, run.due]),
    [
      ["acme", "hourly", "missed", "started", "2026-03-08T12:00:00.000Z"],
      ["other", "weekly", "missed", "started", "2026-03-08T00:00:00.000Z"],
      ["acme", "daily", "missed", "started", "2026-03-08T03:00:00.000Z"],
      ["acme", "never-late", "missed", "skipped", "2026-03-08T03:00:00.000Z"],
      ["acme", "impatient", "missed", "skipped", "2026-03-02T00:00:00.000Z"],
    ],
  );
  const { body } = await second.call("GET", "/api/admin/tenants/acme/cron/impatient/runs");
  t.match(body, {
    runs: [{ due: "2026-03-02T00:00:00.000Z", outcome: "skipped", reason: /grace period of 1d/ }],
  });
  await time.to("2026-03-08T13:00:00Z");
  t.equal(second.started.length, 4, "and then goes on as before");
});

t.test("a machine that slept counts as a gateway that was down", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "@hourly" });
  await bed.add("acme", { name: "impatient", schedule: "0 14 * * *", grace: "2h" });
  await time.to("2026-03-01T18:30:00Z");
  await time.to("2026-03-01T18:30:01Z");
  t.match(bed.runs, [
    { schedule: "nightly", run: { by: "missed", outcome: "started", due: "2026-03-01T18:00:00.000Z" } },
    { schedule: "impatient", run: { outcome: "skipped", reason: /missed longer ago than .* of 2h/ } },
  ]);
  t.equal(bed.runs.length, 2);
});

t.test("a run whose predecessor's job has not ended is left out, waits, or is started", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { name: "a-skips", schedule: "0 * * * *", overlap: "skip" });
  await bed.add("acme", { name: "b-waits", schedule: "0 * * * *", overlap: "wait" });
  await bed.add("acme", { name: "c-allows", schedule: "0 * * * *", overlap: "allow" });
  await time.to("2026-03-01T13:00:00Z");
  for (const job of ["j1", "j2", "j3"]) bed.reports.set(job, { state: "running" });
  await time.walk("2026-03-01T15:30:00Z", 10 * MINUTE_MS);
  const seen = () =>
    bed.runs.map(({ schedule, run }) => `${schedule} ${run.outcome} ${run.at.slice(11, 16)}`);
  t.same(seen().slice(3), [
    "a-skips skipped 14:00",
    "c-allows started 14:00",
    "a-skips skipped 15:00",
    "c-allows started 15:00",
  ]);
  t.match(bed.runs[3], { run: { reason: "Job j1 of the run before has not ended." } });
  bed.reports.set("j2", { state: "succeeded" });
  await time.to("2026-03-01T15:31:00Z");
  t.match(bed.runs.at(-1), {
    schedule: "b-waits",
    run: { outcome: "started", by: "schedule", due: "2026-03-01T15:00:00.000Z" },
  });
  bed.reports.delete("j1");
  await time.to("2026-03-01T16:00:00Z");
  t.ok(seen().includes("a-skips started 16:00"), "a job that nobody knows any more has ended");
});

t.test("jitter puts a run off, never behind the next one", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  for (let n = 0; n < 20; n += 1)
    await bed.add("acme", { name: `s${n}`, schedule: "0 13 * * *", jitter: "30m" });
  await bed.add("acme", { name: "tight", schedule: "*/5 * * * *", jitter: "1d" });
  await time.walk("2026-03-01T13:31:00Z", MINUTE_MS);
  const spread = bed.runs.filter(({ schedule }) => schedule !== "tight").map(({ run }) => run.at);
  t.equal(spread.length, 20);
  t.ok(new Set(spread).size > 5, "they do not run at once");
  t.ok(spread.every((at) => at >= "2026-03-01T13:00" && at <= "2026-03-01T13:31"));
  const tight = bed.runs.filter(({ schedule }) => schedule === "tight").map(({ run }) => run.due ?? "");
  t.same(tight, [...new Set(tight)], "none runs twice");
  t.ok(tight.length >= 17, "and none is left out");
});

t.test("a job that cannot be started is noted, and tried again at the next time only", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "0 * * * *", parameters: { to: "nowhere" } });
  await time.to("2026-03-01T13:00:00Z");
  await time.to("2026-03-01T13:00:01Z");
  t.match(bed.runs, [{ run: { outcome: "failed", code: "DISK_FULL", reason: "There is no room" } }]);
  t.equal(bed.runs.length, 1);
  t.match(await bed.call("POST", "/api/admin/tenants/acme/cron/nightly/run"), {
    body: { code: "DISK_FULL" },
  });
  await time.to("2026-03-01T14:00:00Z");
  t.equal(bed.runs.length, 2);
});

t.test("a run that a stopping gateway refuses is made up for by the next one", async (t) => {
  const time = new CronTime(NOON);
  const stopping = new Error("The gateway is stopping");
  const jobTypes: JobType[] = [
    {
      name: "copy",
      description: "Refuses",
      scope: "tenant",
      parameters: Type.Object({}),
      start: () =>
        Promise.reject(Object.assign(stopping, { code: "SHUTTING_DOWN", status: 503, exitCode: 6 })),
    },
  ];
  const first = await cronBed(t, time, { jobTypes });
  await testTenant(first.gateway, "acme");
  await first.add("acme", { schedule: "0 * * * *" });
  await time.to("2026-03-01T13:00:00Z");
  t.same(first.runs, []);
  await first.gateway.close();
  const second = await cronBed(t, time, { stateDir: first.stateDir });
  await time.to("2026-03-01T13:00:20Z");
  t.same(times(second), ["2026-03-01T13:00"]);
});

t.test("a clock that was wrong by a year and is set right silences no schedule", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { schedule: "0 3 * * *" });
  await time.to("2027-03-01T12:00:00Z");
  t.equal(bed.started.length, 1);
  await time.to("2026-03-01T12:10:00Z");
  await time.walk("2026-03-03T12:00:00Z", 30 * MINUTE_MS);
  t.same(times(bed).slice(1), ["2026-03-02T03:10", "2026-03-03T03:10"]);
});
