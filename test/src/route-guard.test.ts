/** Nobody gets further than their token: every route there is, called by everybody who must be refused. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway, type Gateway, type GatewayPlugin, type PluginHost } from "@openclaw/gateway-core";
import { backupPlugin } from "@openclaw/gateway-plugin-backup";
import t, { type Test } from "tap";
import { Type } from "@openclaw/schema";
import { temporaryDirectory } from "./support/bed.js";
import { findHoles, registeredRoutes, type Cast } from "./support/route-guard.js";

const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789";

interface Scene {
  readonly gateway: Gateway;
  readonly cast: Cast;
}

interface Job {
  readonly id: string;
  readonly result: { readonly archiveId?: string };
}

/** A gateway with two tenants, of which the first has one of everything. */
async function scene(t: Test, plugins: readonly GatewayPlugin[] = []): Promise<Scene> {
  const stateDir = join(temporaryDirectory(t), "state");
  mkdirSync(stateDir, { mode: 0o700 });
  const config = { plugins: { backup: { tenants: { selfRestore: true } } } };
  writeFileSync(join(stateDir, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  const gateway = await createGateway({
    stateDir,
    plugins: [backupPlugin(), ...plugins],
    env: { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN },
    port: 0,
    logLevel: "silent",
  });
  t.teardown(() => gateway.close({ graceMs: 0 }));
  const call = async (token: string, method: "GET" | "POST" | "PUT", url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await gateway.app.inject({ method, url, headers, ...(payload && { payload }) });
    if (answer.statusCode > 299) throw new Error(`${method} ${url}: ${answer.body}`);
    return answer.body;
  };
  const create = async (id: string): Promise<{ readonly token: string; readonly uid: string }> => {
    const made = JSON.parse(await call(ADMIN_TOKEN, "POST", "/api/admin/tenants", { id })) as {
      readonly token: string;
      readonly tenant: { readonly uid: string };
    };
    return { token: made.token, uid: made.tenant.uid };
  };

  const first = await create("first-of-two");
  const other = await create("other");
  const rotated = JSON.parse(await call(ADMIN_TOKEN, "POST", "/api/admin/tenants/other/token")) as {
    readonly token: string;
  };
  const file = "known-to-first.txt";
  await call(first.token, "PUT", `/api/tenant/files/${file}`, { content: "a secret of the first" });
  const schedule = { name: "nightly-of-first", schedule: "@yearly", job: "backup" };
  await call(ADMIN_TOKEN, "POST", "/api/admin/tenants/first-of-two/cron", schedule);
  const job = async (url: string, body: object): Promise<Job> => {
    const { job } = JSON.parse(await call(first.token, "POST", url, body)) as { readonly job: Job };
    await call(first.token, "GET", `/api/tenant/jobs/${job.id}/events`);
    return JSON.parse(await call(first.token, "GET", `/api/tenant/jobs/${job.id}`)) as Job;
  };
  const backup = await job("/api/tenant/backups", {});
  const archive = backup.result.archiveId ?? "";
  const restore = await job("/api/tenant/restores", { archive });

  return {
    gateway,
    cast: {
      adminToken: ADMIN_TOKEN,
      firstToken: first.token,
      otherToken: rotated.token,
      rotatedToken: other.token,
      resources: {
        "/api/tenant/files/*": file,
        "/api/tenant/cron/:name": schedule.name,
        "/api/tenant/backups/:id": archive,
        "/api/tenant/jobs/:id": backup.id,
        "/api/tenant/restores/:job": restore.id,
      },
      bodies: {
        "PUT /api/tenant/files/*": { content: { content: "of the other" }, namesItsThings: false },
        "POST /api/tenant/cron": { content: { ...schedule, name: "mine" }, namesItsThings: false },
        "POST /api/tenant/cron/:name/enable": { content: {}, namesItsThings: true },
        "POST /api/tenant/cron/:name/disable": { content: {}, namesItsThings: true },
        "POST /api/tenant/cron/:name/run": { content: {}, namesItsThings: true },
        "POST /api/tenant/backups": { content: {}, namesItsThings: false },
        "POST /api/tenant/jobs/:id/cancel": { content: {}, namesItsThings: true },
        "POST /api/tenant/restores": { content: { archive }, namesItsThings: true },
        "POST /api/tenant/restores/:job/undo": { content: {}, namesItsThings: true },
      },
      marks: [
        "first-of-two",
        first.uid,
        file,
        "a secret of the first",
        schedule.name,
        archive,
        backup.id,
        restore.id,
      ],
    },
  };
}

t.test("every route refuses those whom it is not for", async (t) => {
  const { gateway, cast } = await scene(t);
  const names = registeredRoutes(gateway).map(({ name }) => name);
  for (const name of [
    "GET /healthz",
    "GET /metrics",
    "DELETE /api/tenant/files/*",
    "GET /api/admin/tenants/:id/cron/:name/runs",
  ]) {
    t.ok(names.includes(name), `the server's routes are found: ${name}`);
  }
  t.same(await findHoles(gateway, cast), []);
});

type App = Parameters<Parameters<PluginHost["addRoutes"]>[1]>[0];

/** The instance that all others are derived from: a plugin of bad manners gets at it. */
function rootOf(app: App): App {
  let root: App = app;
  while (!Object.hasOwn(root, "addHook")) root = Object.getPrototypeOf(root) as App;
  return root;
}

t.test("a route with a hole is named", async (t) => {
  const unlisted: object = { hide: true };
  const planted: GatewayPlugin = {
    name: "planted",
    version: "1",
    configSchema: Type.Object({}, { additionalProperties: false }),
    setup: (host) => {
      host.addRoutes("admin", (app) => {
        rootOf(app).get("/api/admin/open", () => ({}));
        app.get("/hidden", { schema: unlisted }, () => ({}));
        return Promise.resolve();
      });
      host.addRoutes("tenant", (app) => {
        app.get("/everybody", () => ({ tenants: host.tenants.list().map(({ id }) => id) }));
        app.get("/things/:id", () => ({}));
        app.get("/others/:id", () => ({}));
        app.post("/orders", () => ({}));
        let count = 0;
        app.get("/counter", () => ({ count }));
        app.put("/counter", () => ({ count: ++count }));
        return Promise.resolve();
      });
      return Promise.resolve();
    },
  };
  const { gateway, cast } = await scene(t, [planted]);
  const holes = await findHoles(gateway, {
    ...cast,
    resources: { ...cast.resources, "/api/tenant/things/:id": "thing-1" },
    bodies: { ...cast.bodies, "PUT /api/tenant/counter": { content: {}, namesItsThings: false } },
  });
  t.same(holes.sort(), [
    "GET /api/admin/hidden: not in /api/openapi.json",
    "GET /api/admin/open: answers 200 with a rotated token, not 401",
    "GET /api/admin/open: answers 200 with a tenant's token, not 403",
    "GET /api/admin/open: answers 200 with a wrong token, not 401",
    "GET /api/admin/open: answers 200 without a token, not 401",
    "GET /api/tenant/counter: another tenant's calls have changed what it says to the first",
    "GET /api/tenant/everybody: tells another tenant of 'first-of-two'",
    "GET /api/tenant/others/:id: not covered: nothing of the first tenant stands for /api/tenant/others/:id",
    "GET /api/tenant/things/:id: answers 200 to another tenant, not 404",
    "POST /api/tenant/orders: not covered: it has no body to be sent",
  ]);
});
