import { rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

const BACKUPS = "/api/admin/tenants/acme/backups";

t.test("a gateway whose ledger was lost says so, and has its catalogue again after a rebuild", async (t) => {
  const stateDir = join(t.testdir(), "state");
  const before = await testGateway(t, {}, stateDir);
  await before.tenant("acme", { "workspace/a.txt": "content" });
  await before.job(BACKUPS);
  await before.job(BACKUPS);
  const { body: known } = await before.call("GET", BACKUPS);
  await before.gateway.close({ graceMs: 0 });
  for (const end of ["", "-wal", "-shm"])
    rmSync(join(stateDir, `backup/ledger.sqlite${end}`), { force: true });

  const after = await testGateway(t, {}, stateDir);
  const doctor = async () =>
    JSON.stringify(((await after.call("GET", "/api/admin/doctor")).body as { findings?: unknown }).findings);
  t.match(await doctor(), /was the ledger lost\?.*backups rebuild/);
  t.match((await after.call("GET", BACKUPS)).body, { archives: [] });
  const job = await after.job("/api/admin/backups/rebuild");
  t.match(job, { type: "rebuild", state: "succeeded", result: { added: 2 } });
  t.notOk("tenant" in job, "it is of no tenant");
  const { body: again } = await after.call("GET", BACKUPS);
  const facts = ({ archives }: Readonly<Record<string, unknown>>) =>
    (archives as Record<string, unknown>[]).map(({ location, uid, size, createdAt, totals }) => ({
      location,
      uid,
      size,
      createdAt,
      totals,
    }));
  t.strictSame(facts(again), facts(known));
  t.match(await doctor(), /The catalogue knows archives/);
  t.match(await after.job("/api/admin/tenants/acme/prune", { keepLast: 1 }), {
    result: { trashed: 1, kept: 1 },
  });
});

t.test(
  "a new gateway has nothing to rebuild, and a destination that fails does not trouble the doctor",
  async (t) => {
    const host = await testGateway(t, { destinations: { other: { url: "/proc/self/elsewhere" } } });
    t.match(
      JSON.stringify((await host.call("GET", "/api/admin/doctor")).body),
      /empty, and so are the destinations/,
    );
  },
);

t.test("a destination is checked by a route", async (t) => {
  const host = await testGateway(t);
  t.match(await host.job("/api/admin/destinations/check"), {
    type: "check",
    state: "succeeded",
    result: { findings: [] },
  });
});
