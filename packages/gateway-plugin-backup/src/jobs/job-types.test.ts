import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { GatewayPlugin } from "@openclaw/gateway-core";
import t from "tap";
import { Type } from "@openclaw/schema";
import { testGateway } from "../test-support/gateway.js";

await t.test("a backup is scheduled by its command, and run", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "sessions/a.jsonl": "{}\n" });
  const archives = join(host.stateDir, "backups");
  const cron = "/api/admin/tenants/acme/cron";
  const added = await host.call("POST", cron, {
    name: "nightly-backup",
    schedule: "0 3 * * *",
    cmd: `openclaw tenants backup acme --to ${archives}/$(date -u +%F).tar.zst --rehash --limit-upload 10MiB`,
  });
  t.match(added, {
    status: 201,
    body: { job: "backup", parameters: { rehash: true, limitUpload: "10MiB" } },
  });
  const { body } = await host.call("POST", `${cron}/nightly-backup/run`);
  const jobId = String(body["jobId"]);
  const events = await host.gateway.app.inject({
    url: `/api/admin/jobs/${jobId}/events`,
    headers: host.headers,
  });
  t.match(events.body, /"state":"succeeded"/);
  const shown = await host.call("GET", `${cron}/nightly-backup`);
  t.match(shown.body, { lastRun: { jobId, outcome: "started", job: { state: "succeeded" } } });
  const { result } = (await host.call("GET", `/api/admin/jobs/${jobId}`)).body as {
    result: { location: string };
  };
  t.match(result.location, /\/backups\/\d{4}-\d\d-\d\d\.tar\.zst$/);
  t.ok(existsSync(result.location));
});

await t.test("the line that has a dollar behind a backslash is scheduled as it stands", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const { status, body } = await host.call("POST", "/api/admin/tenants/acme/cron", {
    name: "nightly-backup",
    schedule: "0 3 * * *",
    cmd: "openclaw tenants backup acme --to s3://my-bucket/acme/\\$(date +%F).tar.zst",
  });
  t.equal(status, 201);
  t.match(body, { parameters: { to: "s3://my-bucket/acme/$(date +%F).tar.zst" } });
  const stored = readFileSync(join(host.directory("acme"), "cron/jobs.json"), "utf8");
  t.match(JSON.parse(stored), { jobs: [{ name: "nightly-backup", enabled: true }] });
});

await t.test("a prune is scheduled by its command; what a schedule cannot have is refused", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const add = async (name: string, cmd: string) =>
    (await host.call("POST", "/api/admin/tenants/acme/cron", { name, schedule: "@daily-random", cmd })).body;
  t.match(
    await add("prune", "openclaw backups prune acme --keep-daily 7 --keep-within 30d --include-named --now"),
    {
      job: "prune",
      parameters: { keepDaily: 7, keepWithin: "30d", includeNamed: true, now: true },
    },
  );
  for (const [cmd, reason] of [
    [
      "openclaw tenants backup acme --secret-key the-secret-itself",
      /--secret-key: a schedule holds no credentials/,
    ],
    ["openclaw tenants backup acme --endpoint https://x", /--endpoint: name a destination/],
    ["openclaw tenants backup acme --dry-run", /--dry-run: nobody would see/],
    ["openclaw backups prune acme --undo j1", /--undo: it names one job/],
    [
      "openclaw tenants restore --from x",
      /can be scheduled: openclaw tenants backup, openclaw backups prune/,
    ],
  ] as const) {
    const refusal = await add("x", cmd);
    t.match(refusal, { code: "COMMAND_REFUSED", exitCode: 5, detail: reason }, cmd);
    t.notMatch(JSON.stringify(refusal), "the-secret-itself");
  }
  t.match(await add("x", "openclaw backups prune acme --keep-daily many"), { code: "REQUEST_INVALID" });
});

await t.test(
  "a tenant schedules what the config gives it, and loses it when the config takes it back",
  async (t) => {
    const stateDir = join(t.testdir(), "state");
    const archives = join(stateDir, "archives");
    const destinations = (tenants: readonly string[]) => ({
      localRoots: [archives],
      tenants: { selfBackup: true },
      destinations: { own: { url: archives, tenants }, other: { url: archives } },
    });
    const first = await testGateway(t, destinations(["acme"]), stateDir);
    const token = await first.tenant("acme");
    const asTenant = async (url: string, payload: object) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await first.gateway.app.inject({ method: "POST", url, headers, payload });
      return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
    };
    const daily = { schedule: "@daily", job: "backup" };
    t.match(await asTenant("/api/tenant/cron", { ...daily, name: "mine", parameters: { to: "dest:own" } }), {
      status: 201,
      body: { approved: false },
    });
    for (const [parameters, detail] of [
      [{ to: "dest:other" }, /cannot have this schedule: the destination 'other' is not granted to it/],
      [{ to: "dest:own/tenants/other/x.tar.zst" }, /it may name a destination only/],
      [{ compressionLevel: 19 }, /it may not choose compressionLevel/],
    ] as const) {
      t.match(await asTenant("/api/tenant/cron", { ...daily, name: "more", parameters }), {
        status: 403,
        body: { code: "FORBIDDEN", exitCode: 5, detail },
      });
    }
    t.match(await asTenant("/api/tenant/cron", { schedule: "@daily", name: "p", job: "prune" }), {
      body: { code: "FORBIDDEN", detail: /a prune job is not for tenants to start/ },
    });
    const { body } = await asTenant("/api/tenant/cron/mine/run", {});
    const jobId = String(body["jobId"]);
    await first.gateway.app.inject({ url: `/api/admin/jobs/${jobId}/events`, headers: first.headers });
    t.match((await first.call("GET", `/api/admin/jobs/${jobId}`)).body, {
      state: "succeeded",
      actor: "tenant:acme",
      result: { location: new RegExp(`^${archives}/tenants/acme/`) },
    });
    await first.gateway.close();

    const second = await testGateway(t, destinations([]), stateDir);
    t.match((await second.call("GET", "/api/admin/tenants/acme/cron/mine")).body, {
      problem: /waits for an admin's approval: the destination 'own' is not granted to it/,
    });
  },
);

await t.test("a run shows what became of its job, as long as the ledger knows it", async (t) => {
  const first = await testGateway(t);
  await first.tenant("acme");
  const cron = "/api/admin/tenants/acme/cron/n";
  const to = join(first.stateDir, "outside.tar.zst");
  const schedule = { name: "n", schedule: "@daily", job: "backup", parameters: { to } };
  await first.call("POST", "/api/admin/tenants/acme/cron", schedule);
  const { body } = await first.call("POST", `${cron}/run`);
  await first.gateway.app.inject({
    url: `/api/admin/jobs/${String(body["jobId"])}/events`,
    headers: first.headers,
  });
  t.match((await first.call("GET", `${cron}/runs`)).body, {
    runs: [{ outcome: "started", job: { state: "failed", error: { code: "PATH_NOT_ALLOWED" } } }],
  });
  await first.gateway.close();
  for (const suffix of ["", "-wal", "-shm"])
    rmSync(join(first.stateDir, `backup/ledger.sqlite${suffix}`), { force: true });
  const second = await testGateway(t, {}, first.stateDir);
  const { runs } = (await second.call("GET", `${cron}/runs`)).body as { runs: object[] };
  t.same(runs, [{ at: body["at"], by: "admin", outcome: "started", jobId: body["jobId"] }]);
});

await t.test("a job that runs is reported as running", async (t) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const holder: GatewayPlugin = {
    name: "holder",
    version: "1.0.0",
    configSchema: Type.Object({}),
    setup: (host) => {
      host.hooks.on("beforeBackup", () => held);
      return Promise.resolve();
    },
  };
  const host = await testGateway(t, {}, undefined, [holder]);
  await host.tenant("acme");
  const cron = "/api/admin/tenants/acme/cron";
  await host.call("POST", cron, { name: "n", schedule: "@daily", job: "backup" });
  const { body } = await host.call("POST", `${cron}/n/run`);
  const { lastRun } = (await host.call("GET", `${cron}/n`)).body as { lastRun: { job: object } };
  t.match(lastRun.job, { state: /^(queued|running)$/ });
  t.notHas(lastRun.job, { finishedAt: String });
  release();
  const url = `/api/admin/jobs/${String(body["jobId"])}/events`;
  await host.gateway.app.inject({ url, headers: host.headers });
  t.match((await host.call("GET", `${cron}/n`)).body, { lastRun: { job: { state: "succeeded" } } });
});

await t.test("a rebuild is scheduled for the gateway by its command, and run", async (t) => {
  const host = await testGateway(t);
  const cron = "/api/admin/gateway/cron";
  const added = await host.call("POST", cron, {
    name: "catalogue",
    schedule: "@daily-random",
    cmd: `openclaw backups rebuild --dest ${join(host.stateDir, "backups")} --pin`,
  });
  t.match(added, { status: 201, body: { job: "rebuild", parameters: { pin: true } } });
  const { body } = await host.call("POST", `${cron}/catalogue/run`);
  const jobId = String(body["jobId"]);
  await host.gateway.app.inject({ url: `/api/admin/jobs/${jobId}/events`, headers: host.headers });
  t.match((await host.call("GET", `/api/admin/jobs/${jobId}`)).body, { type: "rebuild", state: "succeeded" });
  t.notOk("tenant" in (await host.call("GET", `/api/admin/jobs/${jobId}`)).body);
});
