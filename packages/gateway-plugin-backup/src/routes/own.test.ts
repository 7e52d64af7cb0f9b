import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { GatewayOptions, GatewayPlugin, PluginHost } from "@openclaw/gateway-core";
import { Type } from "@openclaw/schema";
import { FakeTime } from "../test-support/fake-time.js";
import { testGateway, type Answer, type TestGateway } from "../test-support/gateway.js";
import type { JobView } from "./schemas.js";

const DAY_MS = 86_400_000;

interface Scene {
  readonly host: TestGateway;
  /** Holds the destinations `own`, of tenant acme, and `offsite`, of nobody. */
  readonly root: string;
  /** Calls a route under `/api/tenant` as acme. */
  readonly call: (
    method: "GET" | "POST",
    url: string,
    body?: object,
  ) => Promise<Answer & { readonly text: string }>;
  /** As acme: starts a job, waits for its end. */
  readonly job: (url: string, body?: object) => Promise<JobView>;
}

async function scene(
  t: Test,
  tenants: object = {},
  options: Partial<GatewayOptions> = {},
  plugins: readonly GatewayPlugin[] = [],
): Promise<Scene> {
  const directory = t.testdir();
  const root = join(directory, "archives");
  const config = {
    localRoots: [root],
    destinations: {
      own: { url: join(root, "own"), tenants: ["acme"] },
      offsite: { url: join(root, "offsite") },
    },
    tenants,
  };
  const host = await testGateway(t, config, join(directory, "state"), plugins, options);
  const token = await host.tenant("acme", { "workspace/notes.md": "first" });
  const call: Scene["call"] = async (method, url, body) => {
    const response = await host.gateway.app.inject({
      method,
      url: `/api/tenant${url}`,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body }),
    });
    const { statusCode: status, headers, body: text } = response;
    return { status, headers, text, body: text.startsWith("{") ? response.json() : {} };
  };
  const job: Scene["job"] = async (url, body = {}) => {
    const started = await call("POST", url, body);
    if (started.status !== 202) throw new Error(started.text);
    const { id } = started.body["job"] as JobView;
    const { text } = await call("GET", `/jobs/${id}/events`);
    const last = text.trimEnd().split("\n\n").at(-1) ?? "";
    return JSON.parse(last.slice(last.indexOf("data: ") + "data: ".length)) as JobView;
  };
  return { host, root, call, job };
}

await t.test(
  "a tenant backs itself up, and sees its archives and jobs, without where they lie",
  async (t) => {
    const { host, root, call, job } = await scene(t);
    const started = await call("POST", "/backups", { to: "dest:own", rehash: true });
    t.match(started, { status: 202, body: { joined: false } });
    const { id } = started.body["job"] as JobView;
    t.equal(started.headers["location"], `/api/tenant/jobs/${id}`);
    const events = await call("GET", `/jobs/${id}/events`);
    t.match(events.text, /"state":"succeeded"/);
    const shown = await call("GET", `/jobs/${id}`);
    t.match(shown.body, {
      id,
      type: "backup",
      tenant: "acme",
      actor: "tenant:acme",
      state: "succeeded",
      request: { to: "dest:own", rehash: true },
      result: { archiveId: String, size: Number },
    });
    const { archiveId } = (shown.body as unknown as { result: { archiveId: string } }).result;
    const archives = await call("GET", "/backups");
    t.match(archives.body, {
      archives: [{ id: archiveId, destination: "own", name: /^\d{4}-.*Z\.tar\.zst$/, state: "good" }],
    });
    const contents = await call("GET", `/backups/${archiveId}`);
    t.match(contents, { status: 200, body: { archive: { id: archiveId }, totals: { files: Number } } });
    const jobs = await call("GET", "/jobs?limit=5");
    t.match(jobs.body, { jobs: [{ id }] });
    t.match(await job("/backups", { dryRun: true, to: "dest:own" }), { result: { dryRun: true } });
    const allowance = await call("GET", "/backups/allowance");
    t.same(allowance.body, {
      selfBackup: true,
      selfRestore: false,
      defaultDestination: true,
      destinations: ["own"],
      quotas: {
        backupsPerDay: { limit: 48, used: 1 },
        storedBytes: { used: (archives.body as { archives: { size: number }[] }).archives[0]?.size },
        concurrentJobs: { limit: 2, used: 0 },
      },
    });
    for (const { text } of [started, events, shown, archives, contents, jobs, allowance]) {
      t.notOk(text.includes(root) || text.includes(host.stateDir), "no place of the gateway's is told");
    }
    t.ok(existsSync(join(root, "own", "tenants", "acme")), "the key is bound under the tenant's prefix");

    const inDefault = await job("/backups");
    t.match(inDefault, { state: "succeeded" });
    const { body } = await call("GET", "/backups");
    t.match(body, { archives: [{ id: inDefault.result?.["archiveId"] }, { id: archiveId }] });
    t.equal(
      (body as { archives: object[] }).archives[0] &&
        "destination" in ((body as { archives: object[] }).archives[0] ?? {}),
      false,
    );
  },
);

await t.test("a tenant chooses nothing beyond what is granted", async (t) => {
  const { call } = await scene(t);
  for (const to of [
    "dest:offsite",
    "dest:own/tenants/other/x.tar.zst",
    "s3://bucket/",
    "/var/backups/",
    "dest:none",
  ]) {
    t.match(await call("POST", "/backups", { to }), { status: 403, body: { code: "NOT_ALLOWED" } }, to);
  }
  for (const more of [
    { s3: { endpoint: "https://evil.example" } },
    { pipe: "age -r x" },
    { recipient: ["age1x"] },
    { overwrite: true },
    { compressionLevel: 19 },
    { list: true },
    { tenant: "other" },
  ]) {
    t.match(
      await call("POST", "/backups", { to: "dest:own", ...more }),
      { status: 400 },
      JSON.stringify(more),
    );
  }
  for (const more of [{ as: "other" }, { token: "archive" }, { force: true }, { from: "/etc/passwd" }]) {
    t.match(
      await call("POST", "/restores", { archive: "a", ...more }),
      { status: 400 },
      JSON.stringify(more),
    );
  }
  t.match(await call("POST", "/restores", { archive: "a" }), {
    status: 403,
    body: { code: "NOT_ALLOWED", detail: /selfRestore/ },
  });
  t.match(await call("POST", "/restores/j/undo", {}), { status: 403, body: { code: "NOT_ALLOWED" } });
});

await t.test("what others have made or started is not there for a tenant", async (t) => {
  const { host, call, job } = await scene(t, { selfRestore: true });
  const admins = await host.job("/api/admin/tenants/acme/backups", { to: "dest:own" });
  const offsite = await host.job("/api/admin/tenants/acme/backups", { to: "dest:offsite" });
  await host.tenant("other");
  const others = await host.job("/api/admin/tenants/other/backups", { to: "dest:own" });
  const idOf = ({ result }: JobView) => String(result?.["archiveId"]);
  t.match((await call("GET", "/backups")).body, { archives: [{ id: idOf(admins) }] });
  t.match(
    await call("GET", `/backups/${idOf(admins)}`),
    { status: 200 },
    "an admin's backup of it is its own",
  );
  for (const one of [offsite, others]) {
    t.match(await call("GET", `/backups/${idOf(one)}`), { status: 404, body: { code: "ARCHIVE_NOT_FOUND" } });
    t.match(await call("POST", "/restores", { archive: idOf(one) }), { status: 404 });
  }
  t.same((await call("GET", "/jobs")).body, { jobs: [] });
  for (const url of [`/jobs/${admins.id}`, `/jobs/${others.id}/events`, "/jobs/none"]) {
    t.match(await call("GET", url), { status: 404, body: { code: "JOB_NOT_FOUND" } }, url);
  }
  t.match(await call("POST", `/jobs/${admins.id}/cancel`, {}), { status: 404 });
  t.match(await call("POST", `/restores/${admins.id}/undo`, {}), { status: 404 });
  const own = await job("/backups", { to: "dest:own" });
  t.match(await call("POST", `/jobs/${own.id}/cancel`, {}), { status: 409, body: { code: "JOB_FINISHED" } });
});

await t.test("a tenant of the same id that was there before is another one", async (t) => {
  const { host, call, job } = await scene(t);
  const { id } = await job("/backups", { to: "dest:own" });
  await host.call("DELETE", "/api/admin/tenants/acme?confirm=acme");
  const token = await host.tenant("acme");
  const as = async (url: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await host.gateway.app.inject({ url: `/api/tenant${url}`, headers })).json<object>();
  };
  t.match(await call("GET", "/backups"), { status: 401 });
  t.same(await as("/backups"), { archives: [] });
  t.same(await as("/jobs"), { jobs: [] });
  t.match(await as(`/jobs/${id}`), { code: "JOB_NOT_FOUND" });
});

await t.test("a tenant restores itself and takes that back, where the admin allows it", async (t) => {
  const { host, call, job } = await scene(t, { perTenant: { acme: { selfRestore: true } } });
  const backup = await job("/backups", { to: "dest:own" });
  const archive = String(backup.result?.["archiveId"]);
  const notes = join(host.directory("acme"), "workspace/notes.md");
  writeFileSync(notes, "second");
  t.match(await job("/restores", { archive, dryRun: true }), {
    state: "succeeded",
    result: { dryRun: true },
  });
  t.equal(readFileSync(notes, "utf8"), "second");
  const restore = await job("/restores", { archive });
  t.match(restore, {
    state: "succeeded",
    result: { token: "kept", replaced: true },
    request: { from: archive },
  });
  t.equal(readFileSync(notes, "utf8"), "first");
  t.match(await call("GET", "/whoami"), { status: 200 }, "the token goes on");
  t.match(await job(`/restores/${restore.id}/undo`), { state: "succeeded", result: { undid: restore.id } });
  t.equal(readFileSync(notes, "utf8"), "second");
});

await t.test("what has taken the place of an archive is not restored", async (t) => {
  const { host, root, call, job } = await scene(t, { selfRestore: true });
  const backup = await job("/backups", { to: "dest:own" });
  const archive = String(backup.result?.["archiveId"]);
  const list = (await host.call("GET", "/api/admin/backups")).body as { archives: { location: string }[] };
  const place = list.archives[0]?.location ?? "";
  await host.tenant("other");
  const other = await host.job("/api/admin/tenants/other/backups", { to: "dest:offsite" });
  copyFileSync(String(other.result?.["location"]), place);
  t.match(await call("POST", "/restores", { archive }), { status: 422, body: { code: "ARCHIVE_DAMAGED" } });
  t.match(await call("GET", `/backups/${archive}`), { status: 422, body: { code: "ARCHIVE_DAMAGED" } });

  const second = await testGateway(t, { localRoots: [root] }, join(root, "..", "second"));
  await second.tenant("acme");
  const forged = await second.job("/api/admin/tenants/acme/backups", { to: join(root, "forged.tar.zst") });
  copyFileSync(String(forged.result?.["location"]), place);
  const refused = await job("/restores", { archive });
  t.match(refused, {
    log: [{ at: String, phase: String }],
    state: "failed",
    error: { code: "ARCHIVE_DAMAGED", exitCode: 7, message: /gateway's affair/ },
  });
  t.match(await call("GET", "/whoami"), { status: 200 });
});

await t.test("quotas: backups a day, with the time at which the next may begin", async (t) => {
  const clock = new FakeTime();
  const { host, call, job } = await scene(t, { quotas: { backupsPerDay: 2 } }, { clock });
  await job("/backups", { to: "dest:own" });
  clock.advance(3_600_000);
  await job("/backups", { to: "dest:own" });
  await job("/backups", { to: "dest:own", dryRun: true });
  const refused = await call("POST", "/backups", { to: "dest:own" });
  t.match(refused, {
    status: 429,
    headers: { "retry-after": String((DAY_MS - 3_600_000) / 1000) },
    body: {
      code: "TENANT_QUOTA_REACHED",
      detail: /reached its quota backupsPerDay of 2: it has started 2 backups in 24 hours/,
      details: { quota: "backupsPerDay", limit: 2, used: 2 },
    },
  });
  t.match(await host.job("/api/admin/tenants/acme/backups", { to: "dest:own" }), { state: "succeeded" });
  const schedule = { name: "mine", schedule: "@yearly", job: "backup", parameters: { to: "dest:own" } };
  t.match(await call("POST", "/cron", schedule), { status: 201 });
  t.match(await call("POST", "/cron/mine/run"), { status: 429, body: { code: "TENANT_QUOTA_REACHED" } });
  clock.advance(DAY_MS - 3_600_000);
  t.match(await call("POST", "/cron/mine/run"), { status: 202 });
  t.match(await call("POST", "/backups", { to: "dest:own", rehash: true }), {
    status: 429,
    headers: { "retry-after": "3600" },
  });
  // What has run is written down before the directory goes.
  await host.gateway.close();
});

await t.test("quotas: none at all, stored bytes, and an admin who is not stopped by them", async (t) => {
  const { host, call, job } = await scene(t, {
    quotas: { storedBytes: 1 },
    perTenant: { other: { quotas: { backupsPerDay: 0 } } },
  });
  t.match(await job("/backups", { to: "dest:own" }), {
    state: "succeeded",
    warnings: [{ code: "TENANT_OVER_QUOTA", message: /more than its quota storedBytes of 1/ }],
  });
  const refused = await call("POST", "/backups", { to: "dest:own" });
  t.match(refused, { status: 429, body: { detail: /quota storedBytes of 1: its archives take \d+ bytes/ } });
  t.equal(refused.headers["retry-after"], undefined);
  t.match(await host.job("/api/admin/tenants/acme/backups", { to: "dest:own" }), {
    state: "succeeded",
    warnings: [{ code: "TENANT_OVER_QUOTA" }],
  });
  t.match((await call("GET", "/backups/allowance")).body, { quotas: { storedBytes: { limit: 1 } } });

  const headers = { authorization: `Bearer ${await host.tenant("other")}` };
  const none = await host.gateway.app.inject({
    method: "POST",
    url: "/api/tenant/backups",
    headers,
    payload: {},
  });
  t.match(none.json(), { status: 429, detail: /quota backupsPerDay of 0/ });
  t.equal(none.headers["retry-after"], undefined);
});

await t.test("quotas: jobs at one time, and what waited while the bytes were used up", async (t) => {
  const hosts: PluginHost[] = [];
  const holder: GatewayPlugin = {
    name: "holder",
    version: "1",
    configSchema: Type.Object({}, { additionalProperties: false }),
    setup: (host) => Promise.resolve(void hosts.push(host)),
  };
  const tenants = { quotas: { storedBytes: 1, concurrentJobs: 2 } };
  const { host, call } = await scene(t, tenants, {}, [holder]);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  hosts[0]?.hooks.on("beforeBackup", () => released);

  const first = await call("POST", "/backups", { to: "dest:own" });
  const idOf = ({ body }: Answer) => (body["job"] as JobView).id;
  t.match(await call("POST", "/backups", { to: "dest:own" }), { status: 202, body: { joined: true } });
  const admins = await host.call("POST", "/api/admin/tenants/acme/backups", { to: "dest:own" });
  t.not(idOf(admins), idOf(first), "an admin's is another one");
  const second = await call("POST", "/backups", { to: "dest:own", rehash: true });
  t.match(second, { status: 202, body: { joined: false } });
  t.match(await call("POST", "/backups", { to: "dest:own", allowUnreadable: true }), {
    status: 429,
    headers: { "retry-after": "30" },
    body: { details: { quota: "concurrentJobs", limit: 2, used: 2 } },
  });
  release();
  t.match((await call("GET", `/jobs/${idOf(first)}/events`)).text, /"state":"succeeded"/);
  t.match((await call("GET", `/jobs/${idOf(second)}/events`)).text, /"code":"TENANT_QUOTA_REACHED"/);
});

await t.test("calls about backups are held to a rate, each tenant's to its own", async (t) => {
  const clock = new FakeTime();
  const { host, call } = await scene(t, { callsPerMinute: 3 }, { clock });
  for (let i = 0; i < 3; i += 1) t.match(await call("GET", "/backups"), { status: 200 });
  t.match(await call("GET", "/jobs"), {
    status: 429,
    headers: { "retry-after": "20" },
    body: { code: "RATE_LIMITED" },
  });
  t.match(await call("GET", "/whoami"), { status: 200 }, "other calls have nothing to do with it");
  const headers = { authorization: `Bearer ${await host.tenant("other")}` };
  t.equal((await host.gateway.app.inject({ url: "/api/tenant/jobs", headers })).statusCode, 200);
  clock.advance(20_000);
  t.match(await call("GET", "/jobs"), { status: 200 });
});

await t.test("a failing store is named by its code alone", async (t) => {
  const { root, job, host, call } = await scene(t);
  mkdirSync(root);
  writeFileSync(join(root, "own"), "a file where a directory should be");
  const failed = await job("/backups", { to: "dest:own" });
  t.match(failed, { state: "failed", error: { message: /gateway's affair/ } });
  t.notOk(JSON.stringify(failed).includes(root));
  t.match((await host.call("GET", `/api/admin/jobs/${failed.id}`)).body, { error: { message: /own/ } });
  t.notOk((await call("GET", "/jobs")).text.includes(root));
});
