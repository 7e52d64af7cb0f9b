import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import t from "tap";
import { Type } from "@openclaw/schema";
import { createGateway } from "./gateway.js";
import type { GatewayPlugin } from "./plugin/host.js";
import { ADMIN, ADMIN_TOKEN, temporaryDirectory, testGateway, testTenant } from "./test-support/gateway.js";

const env = { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN };
const quiet = { plugins: [], env, logLevel: "silent", port: 0 } as const;

function plugin(setup: GatewayPlugin["setup"]): GatewayPlugin {
  return { name: "sample", version: "1.0.0", configSchema: Type.Object({}), setup };
}

t.test("an empty directory becomes a state for the owner only, and the gateway listens", async (t) => {
  const stateDir = path.join(await temporaryDirectory(t), "state");
  const gateway = await testGateway(t, { stateDir });
  const { url } = await gateway.listen();
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.same(await (await fetch(`${url}/healthz`)).json(), { status: "ok" });
  t.equal(gateway.devToken, undefined);
  t.equal((await stat(stateDir)).mode & 0o777, 0o700);
  t.equal((await stat(path.join(stateDir, "openclaw.json"))).mode & 0o777, 0o600);
  t.same((await readdir(stateDir)).sort(), [
    "audit",
    "backup",
    "backups",
    "gateway.lock",
    "openclaw.json",
    "tenant-records",
    "tenants",
  ]);
});

t.test("the state directory is found through the environment", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const gateway = await createGateway({ ...quiet, env: { ...env, OPENCLAW_STATE_DIR: stateDir } });
  t.teardown(() => gateway.close());
  t.equal(gateway.stateDir, stateDir);
});

t.test("without a token the gateway does not start, with dev it makes one", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await t.rejects(createGateway({ ...quiet, stateDir, env: {} }), { code: "TOKEN_MISSING", exitCode: 2 });
  const gateway = await createGateway({ ...quiet, stateDir, env: {}, dev: true });
  t.teardown(() => gateway.close());
  const headers = { authorization: `Bearer ${gateway.devToken ?? ""}` };
  t.equal((await gateway.app.inject({ url: "/api/admin/tenants", headers })).statusCode, 200);
});

t.test("a second gateway on the same state is refused; a start that fails holds nothing", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const first = await testGateway(t, { stateDir });
  await t.rejects(createGateway({ ...quiet, stateDir }), { code: "STATE_LOCKED", exitCode: 4 });
  await first.close();
  await writeFile(path.join(stateDir, "openclaw.json"), "{ gateway: { port: -1 } }");
  const invalid = { code: "CONFIG_INVALID", message: /gateway\.port must be >= 0/ };
  await t.rejects(createGateway({ ...quiet, stateDir }), invalid);
  await t.rejects(createGateway({ ...quiet, stateDir }), invalid, "and not STATE_LOCKED");
});

t.test("a plugin that cannot be set up stops the start, and what was set up before is stopped", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const stopped: string[] = [];
  const good = plugin((host) => {
    host.addShutdown({
      drain: () => Promise.resolve(),
      stop: () => Promise.resolve(void stopped.push("good")),
    });
    return Promise.resolve();
  });
  const bad = { ...plugin(() => Promise.reject(new Error("no ledger"))), name: "bad" };
  await t.rejects(createGateway({ ...quiet, stateDir, plugins: [good, bad] }), { message: "no ledger" });
  t.same(stopped, ["good"]);
  await (await createGateway({ ...quiet, stateDir })).close();
});

t.test("a port in use and an address of another machine are clear errors", async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  await t.rejects((await testGateway(t, { port })).listen(), {
    code: "PORT_IN_USE",
    exitCode: 4,
    message: `Port ${port} of 127.0.0.1 is in use`,
  });
  await t.rejects((await testGateway(t, { bind: "203.0.113.1" })).listen(), {
    code: "CONFIG_INVALID",
    message: /203\.0\.113\.1 is not an address of this machine/,
  });
});

t.test("bind and port come from the config unless they are given", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await writeFile(path.join(stateDir, "openclaw.json"), "{ gateway: { bind: '127.0.0.2', port: 0 } }");
  const gateway = await createGateway({ plugins: [], env, logLevel: "silent", stateDir });
  t.teardown(() => gateway.close({ graceMs: 0 }));
  t.match(await gateway.listen(), { url: /^http:\/\/127\.0\.0\.2:\d+$/ });
});

t.test(
  "tenants and their tokens outlive a restart; a broken or doubled one is refused and reported",
  async (t) => {
    const stateDir = await temporaryDirectory(t);
    const first = await testGateway(t, { stateDir });
    const acme = await testTenant(first, "acme");
    const globex = await testTenant(first, "globex");
    const initech = await testTenant(first, "initech");
    await testTenant(first, "broken");
    await first.close();
    const recordFile = (id: string) => path.join(stateDir, "tenants", id, "tenant.json");
    const record = JSON.parse(await readFile(recordFile("globex"), "utf8")) as object;
    await writeFile(recordFile("initech"), JSON.stringify({ ...record, id: "initech" }));
    await writeFile(recordFile("broken"), "");
    // As where the tenants' directories alone were copied from elsewhere.
    await rm(path.join(stateDir, "tenant-records"), { recursive: true });

    const next = await testGateway(t, { stateDir });
    const status = async (headers: { authorization: string }) =>
      (await next.app.inject({ url: "/api/tenant/whoami", headers })).statusCode;
    t.equal(await status(acme.headers), 200);
    t.equal(await status(globex.headers), 401, "a token of two tenants is nobody's");
    t.equal(await status(initech.headers), 401);
    const doctor = await next.app.inject({ url: "/api/admin/doctor", headers: ADMIN });
    const { findings, worst } = doctor.json<{ findings: { check: string }[]; worst: string }>();
    t.equal(worst, "critical");
    t.match(
      findings.filter(({ check }) => check === "tenants"),
      [{ tenant: "broken", severity: "critical" }, { message: /globex, initech/ }],
    );
  },
);

t.test("what a crash left of a deletion is gone after the next start", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await mkdir(path.join(stateDir, "tenants", ".trash", "deleted-00", "workspace"), { recursive: true });
  const gateway = await testGateway(t, { stateDir });
  await gateway.close();
  t.same(await readdir(path.join(stateDir, "tenants", ".trash")), []);
});

t.test("while it stops, the gateway lets running calls end and refuses new ones", async (t) => {
  let drained: () => void = () => undefined;
  const draining = new Promise<void>((resolve) => (drained = resolve));
  let answer: (value: string) => void = () => undefined;
  const answered = new Promise<string>((resolve) => (answer = resolve));
  let entered: () => void = () => undefined;
  const inHandler = new Promise<void>((resolve) => (entered = resolve));
  const gateway = await testGateway(t, {
    plugins: [
      plugin((host) => {
        host.addShutdown({ drain: () => draining, stop: () => Promise.resolve() });
        host.addRoutes("admin", (app) => {
          app.get("/slow", async () => {
            entered();
            return answered;
          });
          return Promise.resolve();
        });
        return Promise.resolve();
      }),
    ],
  });
  const { url } = await gateway.listen();
  const slow = fetch(`${url}/api/admin/slow`, { headers: ADMIN });
  await inHandler;
  const closed = gateway.close({ graceMs: 60_000 });

  const refused = await fetch(`${url}/api/admin/tenants`, { headers: ADMIN });
  t.equal(refused.status, 503);
  t.equal(refused.headers.get("retry-after"), "5");
  t.match(await refused.json(), { code: "SHUTTING_DOWN", exitCode: 6 });
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  t.match(await (await fetch(`${url}/readyz`)).json(), { checks: { gateway: "the gateway is stopping" } });

  drained();
  answer("done");
  t.equal(await (await slow).text(), "done");
  await closed;
  await t.rejects(fetch(`${url}/healthz`));
});

t.test("a call that never ends does not keep the gateway from stopping", async (t) => {
  let entered: () => void = () => undefined;
  const inHandler = new Promise<void>((resolve) => (entered = resolve));
  const gateway = await testGateway(t, {
    plugins: [
      plugin((host) => {
        host.addRoutes("admin", (app) => {
          app.get("/endless", async () => {
            entered();
            return new Promise(() => undefined);
          });
          return Promise.resolve();
        });
        return Promise.resolve();
      }),
    ],
  });
  const { url } = await gateway.listen();
  const endless = fetch(`${url}/api/admin/endless`, { headers: ADMIN });
  const failed = t.rejects(endless);
  await inHandler;
  await gateway.close({ graceMs: 0 });
  await failed;
});
