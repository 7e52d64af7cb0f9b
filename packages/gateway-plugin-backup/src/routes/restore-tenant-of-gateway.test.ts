import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { testGateway, type TestGateway } from "../test-support/gateway.js";
import { writeSet } from "../test-support/gateway-set.js";

const RECORD = {
  id: "acme",
  uid: "5".repeat(32),
  createdAt: "2026-01-01T00:00:00.000Z",
  tokenSha256: "6".repeat(64),
  quotas: {},
  labels: {},
};

/** The state directory of another gateway with two tenants, and a gateway to restore into. */
async function bed(t: Test, config: object = {}) {
  const parent = t.testdir();
  const state = mkdtempSync(join(parent, "old-"));
  const files: Record<string, string> = {
    "openclaw.json": "{}",
    "tenants/acme/tenant.json": JSON.stringify(RECORD),
    "tenants/acme/sessions/a.jsonl": "one\n",
    "tenants/acme/large": "l".repeat(2 * 1024 * 1024),
    "tenants/acme-2/tenant.json": "{}",
    "tenants/bravo/tenant.json": "{}",
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(state, path)), { recursive: true });
    writeFileSync(join(state, path), content);
  }
  symlinkSync("sessions", join(state, "tenants/acme/latest"));
  for (const tenant of ["acme", "bravo"])
    symlinkSync("/etc/passwd", join(state, "tenants", tenant, "outside"));
  const archives = join(parent, "archives");
  mkdirSync(archives);
  const host = await testGateway(t, { localRoots: [archives], ...config }, join(parent, "state"));
  return { parent, state, archives, host };
}

function restoredFiles(host: TestGateway, tenant: string): string[] {
  return readdirSync(host.directory(tenant)).sort();
}

const FILES = ["large", "latest", "sessions", "tenant.json"];

t.test("one tenant is taken out of a set, by its directory, its manifest, or its state", async (t) => {
  const { state, archives, host } = await bed(t);
  const { directory } = await writeSet(archives, { "@state": state });
  for (const [as, from] of [
    ["one", `${directory}/`],
    ["two", join(directory, "backup.json")],
    ["three", join(directory, "state.tar.zst")],
    ["four", archives],
  ] as const) {
    const job = await host.job("/api/admin/restores", { from, tenant: "acme", as });
    const result = { tenant: as, archivedAs: "acme", hadIndex: true };
    t.match(job, { state: "succeeded", result, warnings: [{ code: "LINK_ESCAPES", path: "outside" }] }, from);
    t.equal(job.warnings.length, 1, "bravo's are not acme's");
    t.same(restoredFiles(host, as), FILES);
  }
  const job = await host.job("/api/admin/restores", { from: directory, tenant: "acme", dryRun: true });
  t.match(job, { state: "succeeded", result: { dryRun: true, tenant: "acme" } });
  await host.job("/api/admin/restores", { from: directory, tenant: "acme" });
  t.match(JSON.parse(readFileSync(join(host.directory("acme"), "tenant.json"), "utf8")), { uid: RECORD.uid });
});

t.test("another tool's archive of a state gives one tenant, too", async (t) => {
  const { state, archives, host } = await bed(t);
  mkdirSync(join(state, "tenants/acme/pty"));
  const from = join(archives, "state.tar.gz");
  spawnSync("tar", ["czf", from, state]);
  const job = await host.job("/api/admin/restores", { from, tenant: "acme" });
  t.match(job, {
    state: "succeeded",
    result: { tenant: "acme", hadIndex: false },
    warnings: [{ code: "LINK_ESCAPES", path: "outside" }, { code: "NO_INDEX" }],
  });
  t.same(restoredFiles(host, "acme"), FILES);
});

t.test("what is not there is named", async (t) => {
  const { parent, state, archives, host } = await bed(t);
  const { directory } = await writeSet(archives, { "@state": state });
  const from = join(archives, "state.tar");
  spawnSync("tar", ["cf", from, state]);
  for (const place of [directory, from])
    t.match(await host.job("/api/admin/restores", { from: place, tenant: "nobody" }), {
      state: "failed",
      error: { code: "ENTRY_NOT_FOUND" },
    });
  const refused = async (body: object): Promise<unknown> =>
    (await host.call("POST", "/api/admin/restores", body)).body["code"];
  t.equal(await refused({ from: directory, tenant: "NOBODY" }), "TENANT_ID_INVALID");
  t.equal(await refused({ from: join(archives, "none/"), tenant: "acme" }), "ARCHIVE_NOT_FOUND");
  t.equal(await refused({ from: directory, tenant: "acme", paths: ["a"] }), "REQUEST_INVALID");
  t.equal(await refused({ from: join(parent, "elsewhere"), tenant: "acme" }), "PATH_NOT_ALLOWED");
  renameSync(state, join(archives, "loose"));
  t.equal(await refused({ from: join(archives, "loose"), tenant: "acme" }), "UNSUPPORTED");
  rmSync(directory, { recursive: true });
});

t.test("a tenant's own archive holds no tenants", async (t) => {
  const { archives, host } = await bed(t);
  await host.tenant("acme");
  const to = join(archives, "acme.tar.zst");
  const { result } = await host.job("/api/admin/tenants/acme/backups", { to });
  const job = { from: to, tenant: "acme", as: "copy" };
  t.match(await host.job("/api/admin/restores", job), {
    state: "failed",
    error: { code: "NO_STATE_IN_ARCHIVE" },
  });
  const known = { ...job, from: result?.["archiveId"] };
  t.match(await host.job("/api/admin/restores", known), { error: { code: "NO_STATE_IN_ARCHIVE" } });
});

t.test("a tenant that does not fit is not begun", async (t) => {
  const { state, archives, host } = await bed(t);
  const { directory } = await writeSet(archives, { "@state": state });
  const record = { ...RECORD, quotas: { bytes: 1000 } };
  await host.tenant("acme");
  const file = join(host.directory("acme"), "tenant.json");
  const current = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...current, quotas: record.quotas }));
  await host.call("POST", "/api/admin/tenants/acme/record/accept");
  const job = await host.job("/api/admin/restores", { from: directory, tenant: "acme", force: true });
  t.match(job, { state: "failed", error: { code: "QUOTA_EXCEEDED" } });
});
