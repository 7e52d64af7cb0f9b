/** The gateway's own backups, as an admin meets them: by routes, schedules, checks, and refusals. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { put } from "../../test-support/gateway-sets.js";
import { testGateway, type TestGateway } from "../../test-support/gateway.js";

const BACKUPS = "/api/admin/gateway/backups";
const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

type View = Readonly<Record<string, unknown>>;

async function withSet(t: Parameters<typeof testGateway>[0], config: object = {}): Promise<TestGateway> {
  const host = await testGateway(t, config);
  await host.tenant("acme", { "workspace/odd.json": "{" });
  put(host.stateDir, { "openclaw.json": "{ gateway: {}, /* JSON5 */ }" });
  const job = await host.job(BACKUPS);
  if (job.state !== "succeeded") throw new Error(JSON.stringify(job));
  return host;
}

async function sets(host: TestGateway, query = ""): Promise<View[]> {
  return (await host.call("GET", BACKUPS + query)).body["sets"] as View[];
}

await t.test("a backup is started, listed, and pruned by routes", async (t) => {
  const host = await withSet(t);
  const [set] = await sets(host);
  t.match(set, { state: "complete", kind: "scheduled", pinned: false, parts: [{ name: "state" }] });
  t.match(await sets(host, `?to=${encodeURIComponent(`${host.stateDir}/backups/`)}`), [{ id: set?.["id"] }]);
  t.match(await host.job("/api/admin/gateway/prune", { keepLast: 1 }), { result: { kept: 1, removed: 0 } });
  t.match(await host.call("POST", BACKUPS, { to: "nowhere" }), {
    status: 400,
    body: { code: "LOCATION_INVALID" },
  });
  t.match(await host.call("POST", BACKUPS, { tenant: "acme" }), { status: 400 });
});

await t.test("the newest set is verified and drilled like an archive of a tenant", async (t) => {
  const host = await withSet(t);
  const archive = "@gateway";
  t.match(await host.job("/api/admin/backups/verify", { archive }), {
    state: "succeeded",
    result: { archives: [{ outcome: "good", signedBy: { trust: "own" } }] },
  });
  t.match(await sets(host), [{ verifiedAt: /^20/ }]);
  const drill = await host.job("/api/admin/backups/drill", { archive });
  t.match(drill, {
    state: "succeeded",
    result: { archives: [{ outcome: "good", problems: 0, databases: { checked: 1 } }] },
    warnings: [{ code: "JSON_WRONG", path: "openclaw.json" }, { path: "tenants/acme/workspace/odd.json" }],
  });
  const [set] = await sets(host);
  const [part] = set?.["parts"] as { location: string; archiveId: string }[];
  for (const one of [part?.location, part?.archiveId])
    t.match(await host.job("/api/admin/backups/verify", { archive: one }), { state: "succeeded" });
  await host.job(BACKUPS);
  t.match(await host.job("/api/admin/backups/verify", { archive, all: true, level: "quick" }), {
    result: { archives: { length: 2 } },
  });
  writeFileSync(part?.location ?? "", "damaged");
  t.match(await host.job("/api/admin/backups/verify", { archive, all: true }), {
    state: "failed",
    error: { code: "ARCHIVE_UNKNOWN_FORMAT" },
  });
  t.match(await sets(host), [{ state: "complete" }, { state: "damaged" }]);
});

await t.test("damage in more than one archive of the gateway is told of as such", async (t) => {
  const host = await withSet(t);
  await host.job(BACKUPS);
  for (const set of await sets(host))
    writeFileSync((set["parts"] as { location: string }[])[0]?.location ?? "", "damaged");
  t.match(await host.job("/api/admin/backups/verify", { archive: "@gateway", all: true }), {
    error: { message: /And 1 more of 2 archives of the gateway\.$/ },
  });
  const none = await testGateway({
    testdir: () => t.testdirName + "-none",
    teardown: (work) => t.teardown(work),
  });
  t.match(await none.call("POST", "/api/admin/backups/verify", { archive: "@gateway" }), {
    status: 404,
    body: { code: "ARCHIVE_NOT_FOUND" },
  });
});

await t.test("an archive of the gateway is no tenant's, and goes only with its set", async (t) => {
  const host = await withSet(t);
  const [set] = await sets(host);
  const [part] = set?.["parts"] as { location: string; archiveId: string }[];
  const from = part?.location;
  t.match(await host.call("POST", "/api/admin/restores", { from }), {
    status: 422,
    body: { code: "TENANT_AMBIGUOUS", detail: /of the gateway's state, and of no tenant/ },
  });
  t.match(await host.job("/api/admin/restores", { from, as: "beta" }), {
    state: "failed",
    error: { code: "TENANT_AMBIGUOUS" },
  });
  t.match(await host.call("DELETE", `/api/admin/backups/${part?.archiveId}`), {
    status: 409,
    body: { code: "ARCHIVE_PROTECTED", hint: /openclaw gateway prune/ },
  });
  const rekey = { archive: from, recipients: [RECIPIENT] };
  t.match(await host.call("POST", "/api/admin/backups/rekey", rekey), {
    status: 409,
    body: { code: "ARCHIVE_PROTECTED" },
  });
  const to = join(host.stateDir, "backups/copy.tar.zst.age");
  t.match(await host.job("/api/admin/backups/rekey", { ...rekey, to }), { state: "succeeded" });
});

await t.test("the gateway's schedules run such backups and prunes", async (t) => {
  const host = await testGateway(t);
  const add = (name: string, command: string) =>
    host.call("POST", "/api/admin/gateway/cron", { name, schedule: "0 2 * * *", cmd: command });
  t.match(await add("nightly", "openclaw gateway backup --recipient " + RECIPIENT), {
    body: { job: "gateway-backup", parameters: { recipients: [RECIPIENT] } },
  });
  t.match(await add("last", "openclaw gateway backup --pre-delete --to dest:x/"), {
    body: { parameters: { preDelete: true, to: "dest:x/" } },
  });
  t.match(await add("prune", "openclaw gateway prune --keep-daily 7"), {
    body: { job: "gateway-prune", parameters: { keepDaily: 7 } },
  });
  t.match(await add("offline", "openclaw gateway backup --offline"), { status: 400 });
  for (const name of ["nightly", "prune"]) {
    const { body } = await host.call("POST", `/api/admin/gateway/cron/${name}/run`);
    t.ok(JSON.stringify(body).includes('"j'), JSON.stringify(body));
  }
  rmSync(join(host.stateDir, "cron/jobs.json"));
});
