import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Test } from "tap";
import t from "tap";
import { createLogger } from "../http/logger.js";
import { Hooks } from "../plugin/hook-bus.js";
import { gatewayPaths, prepareStateDirectory } from "../state/directory.js";
import { TenantLifecycle } from "./lifecycle.js";
import { Tenants } from "./tenants.js";
import { tokenHash } from "./token.js";

async function setUp(t: Test) {
  const paths = gatewayPaths(t.testdir());
  await prepareStateDirectory(paths);
  const hooks = new Hooks();
  const log = createLogger("silent");
  const tenants = new Tenants({ paths, hooks, clock: { now: () => 0 }, log });
  await tenants.load();
  return { paths, hooks: hooks.forPlugin("test"), tenants, lifecycle: new TenantLifecycle(tenants, log) };
}

t.test("a suspension needs the claim on the slot", async (t) => {
  const { tenants } = await setUp(t);
  await t.rejects(tenants.suspend("acme", { reason: "test", timeoutMs: 0 }), { message: /needs the claim/ });
});

t.test("hooks are told before and after, and the slot is read again", async (t) => {
  const { hooks, tenants, lifecycle, paths } = await setUp(t);
  const { token } = await lifecycle.create("acme", {});
  const told: string[] = [];
  hooks.on("tenantSuspended", ({ tenant }) => void told.push(`suspended ${tenant}`));
  hooks.on("tenantResumed", ({ tenant, present }) => void told.push(`resumed ${tenant} ${present}`));
  tenants.claim("acme", "test");

  const swap = await tenants.suspend("acme", { reason: "test", timeoutMs: 0 });
  await rename(tenants.directory("acme"), path.join(paths.trash, "kept"));
  await swap.resume();
  await swap.resume();
  t.same(told, ["suspended acme", "resumed acme false"]);
  t.equal(tenants.get("acme"), undefined);
  t.equal(tenants.registry.authenticate(tokenHash(token)), undefined);

  const back = await tenants.suspend("acme", { reason: "test", timeoutMs: 0 });
  await rename(path.join(paths.trash, "kept"), tenants.directory("acme"));
  await back.resume();
  t.same(told.slice(2), ["suspended acme", "resumed acme true"]);
  t.equal(tenants.registry.authenticate(tokenHash(token))?.id, "acme");
});

t.test(
  "a plugin that does not close its files stops the suspension, and the tenant is served again",
  async (t) => {
    const { hooks, tenants, lifecycle } = await setUp(t);
    await lifecycle.create("acme", {});
    hooks.on("tenantSuspended", () => {
      throw new Error("database is busy");
    });
    let resumed = 0;
    hooks.on("tenantResumed", () => void (resumed += 1));
    tenants.claim("acme", "test");
    await t.rejects(tenants.suspend("acme", { reason: "test", timeoutMs: 0 }), {
      code: "TENANT_BUSY",
      message: /plugin test does not let go of it: database is busy/,
    });
    t.equal(resumed, 1);
    tenants.gate.enter("acme").end();
  },
);

t.test("a hook that fails at resume does not keep the tenant out of service", async (t) => {
  const { hooks, tenants, lifecycle } = await setUp(t);
  await lifecycle.create("acme", {});
  hooks.on("tenantResumed", () => {
    throw new Error("cannot open");
  });
  tenants.claim("acme", "test");
  await (await tenants.suspend("acme", { reason: "test", timeoutMs: 0 })).resume();
  tenants.gate.enter("acme").end();
});

t.test("a record that went bad takes the tenant out of service", async (t) => {
  const { tenants, lifecycle } = await setUp(t);
  await lifecycle.create("acme", {});
  tenants.claim("acme", "test");
  const swap = await tenants.suspend("acme", { reason: "test", timeoutMs: 0 });
  await writeFile(path.join(tenants.directory("acme"), "tenant.json"), "{");
  await swap.resume();
  t.equal(tenants.get("acme"), undefined);
  t.match(tenants.registry.broken(), [{ id: "acme", reason: /JSON/ }]);
});

t.test("ids are checked wherever a path or a token is made of one", async (t) => {
  const { tenants } = await setUp(t);
  const invalid = { code: "TENANT_ID_INVALID" };
  t.throws(() => tenants.directory("../x"), invalid);
  t.throws(() => tenants.newToken("../x"), invalid);
  t.throws(() => tenants.newRecord("../x", "a".repeat(64)), invalid);
  t.throws(() => tenants.claim("../x", "test"), invalid);
});
