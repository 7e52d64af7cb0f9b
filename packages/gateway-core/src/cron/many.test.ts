/** Many schedules at once: all run, each owner has its turn, and the gateway goes on answering. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import t from "tap";
import { Type } from "@openclaw/schema";
import type { JobType } from "../plugin/host.js";
import { CronTime, cronBed, writeTenant, type CronBed } from "../test-support/cron.js";
import { temporaryDirectory } from "../test-support/gateway.js";

const NOON = "2026-03-01T12:00:00Z";

/** A tenant with so many schedules, all of them due at the same time. */
function writeTenantOf(stateDir: string, id: string, count: number): Promise<void> {
  const schedules = Array.from({ length: count }, (_, n) => ({ name: `s${n}`, schedule: "0 13 * * *" }));
  return writeTenant(stateDir, id, schedules);
}

t.test("200 tenants that are due in the same minute all run, and nothing is blocked meanwhile", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const ids = Array.from({ length: 200 }, (_, n) => `t${String(n).padStart(3, "0")}`);
  for (const id of ids) await writeTenantOf(stateDir, id, 1);
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time, { stateDir });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await time.to("2026-03-01T13:00:00Z");
  delay.disable();
  t.same(
    bed.started.map(({ tenant }) => tenant),
    ids,
  );
  t.comment(
    `longest delay ${(delay.max / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`,
  );
  await bed.gateway.close();
  t.equal((await readdir(path.join(stateDir, "cron/runs"))).length, 200, "what ran is on disk");
  const second = await cronBed(t, time, { stateDir });
  await time.to("2026-03-01T13:00:30Z");
  t.same(second.started, [], "and does not run again");
});

t.test("between two runs others have their turn", async (t) => {
  const stateDir = await temporaryDirectory(t);
  for (const id of ["a", "b", "c"]) await writeTenantOf(stateDir, id, 20);
  const time = new CronTime(NOON);
  let turns = 0;
  const turnsAtStart: number[] = [];
  const jobTypes: JobType[] = [
    {
      name: "copy",
      description: "Notes how often the event loop has turned",
      scope: "tenant",
      parameters: Type.Object({}),
      start: () => {
        turnsAtStart.push(turns);
        return Promise.resolve({ jobId: `j${turnsAtStart.length}` });
      },
      tenantRefusal: () => undefined,
    },
  ];
  await cronBed(t, time, { stateDir, jobTypes });
  const turning = setInterval(() => undefined, 1000);
  let counting = true;
  const count = (): void => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await time.to("2026-03-01T13:00:00Z");
  counting = false;
  clearInterval(turning);
  t.equal(turnsAtStart.length, 60);
  t.equal(new Set(turnsAtStart).size, 60, "the loop has turned between any two");
});

t.test("an owner with many schedules does not keep the others waiting", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await writeTenantOf(stateDir, "many", 198);
  await writeTenantOf(stateDir, "one", 1);
  await writeTenantOf(stateDir, "zoe", 2);
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time, { stateDir });
  await bed.call("POST", "/api/admin/gateway/cron", { name: "sweep", schedule: "0 13 * * *", job: "sweep" });
  await time.to("2026-03-01T13:00:00Z");
  t.same(
    bed.started.slice(0, 7).map(({ tenant }) => tenant),
    [undefined, "many", "one", "zoe", "many", "zoe", "many"],
  );
  t.equal(bed.started.length, 202);
});

t.test("what is removed, switched off or swapped while others start does not run", async (t) => {
  const stateDir = await temporaryDirectory(t);
  for (const id of ["a", "b", "c", "d"]) await writeTenantOf(stateDir, id, 1);
  const time = new CronTime(NOON);
  const started: (string | undefined)[] = [];
  const box: { bed?: CronBed } = {};
  const jobTypes: JobType[] = [
    {
      name: "copy",
      description: "With its first start, changes the others",
      scope: "tenant",
      parameters: Type.Object({}),
      start: async ({ tenant }) => {
        started.push(tenant);
        if (tenant === "a") {
          await box.bed?.call("DELETE", "/api/admin/tenants/b/cron/s0");
          await box.bed?.call("POST", "/api/admin/tenants/c/cron/s0/disable");
        }
        return { jobId: `j${started.length}` };
      },
      tenantRefusal: () => undefined,
    },
  ];
  box.bed = await cronBed(t, time, { stateDir, jobTypes });
  await time.to("2026-03-01T13:00:00Z");
  t.same(started, ["a", "d"]);
});

t.test("of what stands in a tenant's file, as much runs as can be looked at every second", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await writeTenantOf(stateDir, "acme", 203);
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time, { stateDir });
  await time.to("2026-03-01T13:00:00Z");
  t.equal(bed.started.length, 200);
  const { body } = await bed.call("GET", "/api/admin/doctor");
  t.match(JSON.stringify(body), /Schedule s202 of tenant acme makes no sense .* it is behind 200 others/);
});

t.test("history takes no more room than it is worth", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await writeTenantOf(stateDir, "acme", 200);
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time, { stateDir });
  for (let n = 0; n < 27; n += 1) await bed.call("POST", "/api/admin/tenants/acme/cron/s7/run");
  const { body } = await bed.call("GET", "/api/admin/tenants/acme/cron/s7/runs");
  t.equal((body["runs"] as readonly unknown[]).length, 25, "of 200 schedules 5,000 runs");
});
