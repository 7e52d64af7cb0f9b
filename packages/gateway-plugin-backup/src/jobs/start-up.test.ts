import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import t from "tap";
import { servicesBench } from "../test-support/services-bench.js";
import { startUp } from "./start-up.js";

t.test("what expires while the gateway runs goes then, not only at the next start", async (t) => {
  const { services, time } = await servicesBench(t);
  const housekeeping = await startUp(services, time.timer);
  const plans = join(services.host.paths.backup, "plans");
  mkdirSync(plans, { recursive: true });
  for (const id of ["j1", "j2"]) {
    const list = join(plans, `${id}.jsonl`);
    writeFileSync(list, "");
    utimesSync(list, 1, 1);
    time.advance(600_000);
    while (existsSync(list)) await setImmediate();
  }
  await housekeeping.stop();
  const late = join(plans, "j3.jsonl");
  writeFileSync(late, "");
  utimesSync(late, 1, 1);
  time.advance(600_000);
  await setImmediate();
  t.ok(existsSync(late), "nothing goes on after the end");
});

t.test("a job that died with the gateway has failed, and people hear of it", async (t) => {
  const { services, tenant, time } = await servicesBench(t);
  await tenant("acme");
  const { ledger } = services;
  const job = { type: "backup", tenant: "acme", trigger: "cron", actor: "admin" } as const;
  const rest = { state: "queued", createdAt: 1, warnings: [] } as const;
  ledger.jobs.insert({ ...job, ...rest, id: "j1", request: {} });
  ledger.jobs.insert({ ...job, ...rest, id: "j2", request: { dryRun: true } });
  for (const id of ["j1", "j2"]) ledger.jobs.start(id, 1, undefined);
  const housekeeping = await startUp(services, time.timer);
  t.match(ledger.jobs.get("j1"), { state: "interrupted" });
  const conditions = services.alerts.conditions();
  t.match(
    conditions.map(({ event }) => event),
    [{ kind: "failure", tenant: "acme", jobId: "j1", code: "JOB_INTERRUPTED", message: /while job j1 ran/ }],
  );
  await housekeeping.stop();
});

t.test("a slot that was settled while another plugin holds it is read again by that one", async (t) => {
  const { services, tenant, directory, time } = await servicesBench(t);
  await tenant("acme");
  const { ledger, host } = services;
  const { uid } = host.tenants.get("acme") ?? {};
  const job = { type: "restore", tenant: "acme", trigger: "api", actor: "admin", request: {} } as const;
  ledger.jobs.insert({ ...job, id: "j1", state: "queued", createdAt: 1, warnings: [] });
  const swap = {
    ...{
      kind: "tenant",
      jobId: "j1",
      tenant: "acme",
      staged: join(host.paths.staging, "j1/tree"),
      live: directory("acme"),
    },
    ...{ trash: join(host.paths.trash, "j1/tree"), installedUid: "u2", replacedUid: uid, undoes: undefined },
    ...{ result: {}, createdAt: 1, expiresAt: 2 },
    kind: "tenant",
    phase: "prepared",
  } as const;
  ledger.swaps.insert(swap);
  writeFileSync(join(directory("acme"), "tenant.json"), "{");
  const claim = host.tenants.claim("acme", "another plugin");
  const housekeeping = await startUp(services, time.timer);
  t.match(ledger.swaps.get("j1"), { phase: "rolled-back" });
  t.equal(host.tenants.get("acme")?.uid, uid, "the host still has what it had read before");
  if (claim.ok) claim.release();
  await housekeeping.stop();
});
