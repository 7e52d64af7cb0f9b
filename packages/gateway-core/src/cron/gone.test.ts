/** What becomes of what is known of a tenant's runs and approvals when the tenant goes, and who else may claim it. */
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { CronTime, cronBed, type CronBed } from "../test-support/cron.js";
import { temporaryDirectory, testTenant } from "../test-support/gateway.js";

const NOON = "2026-03-01T12:00:00Z";

/** The tenants whose runs are known on disk. */
async function known({ stateDir }: Pick<CronBed, "stateDir">): Promise<readonly string[]> {
  const names = await readdir(path.join(stateDir, "cron/runs"));
  return names.map((name) => name.slice(0, name.indexOf("."))).sort();
}

t.test("runs of a deleted tenant are removed, a day later at most", async (t) => {
  const time = new CronTime(NOON);
  const first = await cronBed(t, time);
  for (const id of ["acme", "other", "third"]) {
    await testTenant(first.gateway, id);
    await first.add(id, { schedule: "0 * * * *" });
  }
  await first.call("POST", "/api/admin/gateway/cron", { name: "sweep", schedule: "@hourly", job: "sweep" });
  await first.gateway.close();
  t.same(await known(first), ["acme", "gateway", "other", "third"]);

  const second = await cronBed(t, time, { stateDir: first.stateDir });
  await second.call("DELETE", "/api/admin/tenants/acme?confirm=acme");
  await time.to("2026-03-01T13:00:00Z");
  await second.call("DELETE", "/api/admin/tenants/other?confirm=other");
  await time.to("2026-03-02T12:00:00Z");
  await second.gateway.close();
  t.same(await known(first), ["gateway", "third"]);
});

t.test("runs are kept while an undo can bring the tenant back, or its record cannot be read", async (t) => {
  const time = new CronTime(NOON);
  const first = await cronBed(t, time);
  const { stateDir } = first;
  for (const id of ["acme", "broken"]) {
    await testTenant(first.gateway, id);
    await first.add(id, { schedule: "0 * * * *" });
  }
  const acme = first.host.tenants.directory("acme");
  const broken = first.host.tenants.directory("broken");
  await first.gateway.close();
  const trash = path.join(stateDir, "tenants/.trash/j1");
  await mkdir(trash);
  await rename(acme, path.join(trash, "tree"));
  await writeFile(path.join(broken, "tenant.json"), "{}");
  const again = async (): Promise<readonly string[]> => {
    const bed = await cronBed(t, time, { stateDir });
    await bed.gateway.close();
    return known(bed);
  };
  t.same(await again(), ["acme", "broken"], "it lies in the trash");
  const record = path.join(trash, "tree/tenant.json");
  for (const content of ["not json", '{"id":"acme"}']) {
    await writeFile(record, content);
    t.same(await again(), ["acme", "broken"], content);
  }
  await rm(record);
  await symlink("/etc/hostname", record);
  t.same(await again(), ["acme", "broken"], "nobody knows whose tree that is");
  await rm(trash, { recursive: true });
  t.same(await again(), ["broken"]);
});

t.test("runs that cannot be looked through do not keep the gateway from starting", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await mkdir(path.join(stateDir, "cron"), { mode: 0o700 });
  await symlink("runs", path.join(stateDir, "cron/runs"));
  const bed = await cronBed(t, new CronTime(NOON), { stateDir });
  t.match(await bed.call("GET", "/api/admin/cron"), { status: 200 });
});

t.test("a tenant that claims another's uid has none of its approvals", async (t) => {
  const time = new CronTime(NOON);
  const bed = await cronBed(t, time);
  await testTenant(bed.gateway, "acme");
  await bed.add("acme", { name: "approved", schedule: "0 * * * *", parameters: { to: "s3://ours" } });
  await testTenant(bed.gateway, "evil");
  const { tenants } = bed.host;
  const uid = tenants.get("acme")?.uid;
  const record = tenants.get("evil");
  const claim = tenants.claim("evil", "a restore");
  const suspension = await tenants.suspend("evil", { reason: "a restore", timeoutMs: 1000 });
  await rename(tenants.directory("evil"), path.join(bed.gateway.stateDir, "replaced"));
  await mkdir(path.join(tenants.directory("evil"), "cron"), { recursive: true });
  await writeFile(path.join(tenants.directory("evil"), "tenant.json"), JSON.stringify({ ...record, uid }));
  const jobs = path.join(tenants.directory("acme"), "cron/jobs.json");
  await writeFile(path.join(tenants.directory("evil"), "cron/jobs.json"), await readFile(jobs));
  await suspension.resume();
  if (claim.ok) claim.release();
  t.equal(tenants.get("evil")?.uid, uid);
  await time.to("2026-03-01T13:00:00Z");
  t.match(bed.runs, [
    { tenant: "acme", run: { outcome: "started" } },
    { tenant: "evil", run: { outcome: "refused", code: "SCHEDULE_UNAPPROVED" } },
  ]);
});
