import { setImmediate } from "node:timers/promises";
import t from "tap";
import { testGateway, type TestGateway } from "../test-support/gateway.js";
import { BACKUPS, copiedHistory, listed, PRUNE, withAcme } from "../test-support/pruned-gateway.js";

/** A gateway with acme and more config, in which `{dir}` stands for its embedded destination's directory. */
async function withPolicies(t: Parameters<typeof withAcme>[0], config: object): Promise<TestGateway> {
  const host = await withAcme(t);
  await host.gateway.close({ graceMs: 0 });
  const text = JSON.stringify(config).replaceAll("{dir}", `${host.stateDir}/backups`);
  return testGateway(t, { trashHours: 0, ...(JSON.parse(text) as object) }, host.stateDir);
}

const near = { url: "{dir}/near" };

await t.test("each destination is pruned by its policy, and a tenant's own goes before", async (t) => {
  const host = await withPolicies(t, {
    retention: { keepLast: 2 },
    destinations: {
      near: { ...near, retention: { keepLast: 1 } },
      frozen: { url: "{dir}/frozen", retention: {} },
      own: { url: "{dir}/own", tenantRetention: { acme: { keepLast: 3 } } },
    },
  });
  await copiedHistory(host, [4, 3, 2, 1]);
  for (const name of ["near", "frozen", "own"])
    await copiedHistory(host, [4, 3, 2, 1], `${host.stateDir}/backups/${name}/`);
  const { result, request } = await host.job(PRUNE);
  t.notOk("policy" in request);
  t.match(result, { removed: 2 + 3 + 1, kept: 2 + 1 + 4 + 3 });
  const places = result?.["places"] as { location: string; policy?: object }[];
  t.match(
    new Map(places.map(({ location, policy }) => [location.slice(host.stateDir.length), policy])),
    new Map([
      ["/backups/tenants/acme/", { keepLast: 2, tz: "Etc/UTC" }],
      ["/backups/near/tenants/acme/", { keepLast: 1, tz: "Etc/UTC" }],
      ["/backups/frozen/tenants/acme/", undefined],
      ["/backups/own/tenants/acme/", { keepLast: 3, tz: "Etc/UTC" }],
    ]),
  );
  const archives = result?.["archives"] as { location: string; reasons: string[] }[];
  t.match(
    archives.filter(({ location }) => location.includes("/frozen/")).map(({ reasons }) => reasons),
    Array.from({ length: 4 }, () => ["no retention policy applies"]),
  );
  const asked = await host.job(PRUNE, { keepLast: 1, to: "dest:own" });
  t.match(asked, { request: { policy: { keepLast: 1 } }, result: { removed: 2 } });
});

await t.test("a tenant without any policy is refused; one at one destination is enough", async (t) => {
  const host = await withPolicies(t, {
    destinations: { near: { ...near, tenantRetention: { acme: { keepLast: 1 } } } },
  });
  await host.tenant("beta");
  t.match((await host.call("POST", "/api/admin/tenants/beta/prune", {})).body, { code: "REQUEST_INVALID" });
  await copiedHistory(host, [2, 1]);
  t.match((await host.job(PRUNE)).result, { removed: 0, kept: 2 });
});

await t.test("an archive that is dated ahead is warned of", async (t) => {
  const host = await withAcme(t);
  const [ahead] = await copiedHistory(host, [-1, 2, 1]);
  t.match(await host.job(PRUNE, { keepLast: 1 }), {
    warnings: [{ code: "ARCHIVE_AHEAD", message: /ahead of the gateway's clock/ }],
    result: {
      removed: 1,
      archives: [{ id: ahead, reasons: ["dated in the future"] }, { keep: true }, { keep: false }],
    },
  });
});

/** The prunes that the gateway has started by itself, when all of its jobs have ended. */
async function prunes(host: TestGateway): Promise<Record<string, unknown>[]> {
  for (;;) {
    const { body } = await host.call("GET", "/api/admin/jobs");
    const jobs = body["jobs"] as Record<string, unknown>[];
    if (jobs.every(({ finishedAt }) => finishedAt !== undefined))
      return jobs.filter(({ type }) => type === "prune");
    await setImmediate();
  }
}

await t.test("nothing is pruned after a backup unless config says so", async (t) => {
  const host = await withAcme(t, { retention: { keepLast: 1 } });
  await host.job(BACKUPS);
  t.same(await prunes(host), []);
});

await t.test("a successful backup is followed by a prune of where it went, if config says so", async (t) => {
  const host = await withPolicies(t, {
    pruneAfterBackup: true,
    retention: { keepLast: 1 },
    destinations: { near: { ...near, retention: {} } },
  });
  const [old] = await copiedHistory(host, [3]);
  const elsewhere = await copiedHistory(host, [9, 8], `${host.stateDir}/backups/else/`);
  await prunes(host);
  await host.job(BACKUPS);
  const [last] = await prunes(host);
  t.match(last, {
    state: "succeeded",
    trigger: "api",
    actor: "admin",
    request: { to: `${host.stateDir}/backups/tenants/acme/` },
    result: { removed: 1 },
  });
  const ids = (await listed(host)).map(({ id }) => id);
  t.notOk(ids.includes(old));
  t.ok(elsewhere.every((id) => ids.includes(id)));

  const before = (await prunes(host)).length;
  await host.job(BACKUPS, { to: "dest:near" });
  await host.job(BACKUPS, { dryRun: true });
  await host.job(BACKUPS, { s3: { region: "eu-1" } });
  t.equal(
    (await prunes(host)).length,
    before,
    "not by an empty policy, nor after what is no backup of the gateway's own",
  );
});
