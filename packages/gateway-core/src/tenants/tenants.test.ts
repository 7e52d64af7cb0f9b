import { mkdir, rename, rm, writeFile } from "node:fs/promises";
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
  /** The tenants as the next start finds them. */
  const again = async (): Promise<Tenants> => {
    const tenants = new Tenants({ paths, hooks, clock: { now: () => 0 }, log });
    await tenants.load();
    return tenants;
  };
  const tenants = await again();
  const lifecycle = new TenantLifecycle(tenants, log);
  return { paths, hooks: hooks.forPlugin("test"), tenants, lifecycle, again };
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

t.test("a record that was altered is not believed, also while a slot is suspended", async (t) => {
  const { tenants, lifecycle } = await setUp(t);
  const { record } = await lifecycle.create("acme", {});
  const file = path.join(tenants.directory("acme"), "tenant.json");
  tenants.claim("acme", "test");
  const swap = await tenants.suspend("acme", { reason: "test", timeoutMs: 0 });
  await writeFile(file, "{");
  await swap.resume();
  t.same(tenants.get("acme"), record);
  t.match(await tenants.altered(), [{ id: "acme", problem: /JSON/ }]);
  await rm(file);
  t.match(await tenants.altered(), [{ problem: "it is missing" }]);
  await writeFile(file, JSON.stringify({ ...record, quotas: { bytes: 1e15 }, labels: { plan: "gold" } }));
  t.match(await tenants.altered(), [{ problem: "it says something else of quotas, labels" }]);
  await (await tenants.suspend("acme", { reason: "test", timeoutMs: 0 })).resume();
  t.same(tenants.get("acme"), record);
  t.same(await tenants.altered(), [], "what may be moved to the trash says what counts");
});

t.test(
  "what counted before a start counts after it, whatever stands in the tenant's directory",
  async (t) => {
    const { paths, tenants, lifecycle, again } = await setUp(t);
    const { record } = await lifecycle.create("acme", {});
    const file = path.join(tenants.directory("acme"), "tenant.json");
    const attacks = [
      JSON.stringify({ ...record, tokenSha256: "a".repeat(64) }),
      JSON.stringify({ ...record, uid: "b".repeat(32) }),
      JSON.stringify({ ...record, id: "other" }),
      "not JSON",
    ];
    for (const content of attacks) {
      await writeFile(file, content);
      const next = await again();
      t.same(next.get("acme"), record, content);
      t.match(await next.altered(), [{ id: "acme" }]);
    }
    await rm(file);
    await mkdir(file);
    t.same((await again()).get("acme"), record, "a directory in its place");

    await writeFile(path.join(paths.tenantRecords, "acme.json"), "{}");
    const next = await again();
    t.equal(next.get("acme"), undefined);
    t.match(next.registry.broken(), [{ id: "acme", reason: /tenant-records\/acme\.json cannot be read/ }]);
  },
);

t.test("a tenant that somebody has put there is taken as it is when it is first seen", async (t) => {
  const { tenants, lifecycle, again, paths } = await setUp(t);
  const { record } = await lifecycle.create("acme", {});
  await rename(tenants.directory("acme"), path.join(paths.tenants, "moved"));
  const moved = { ...record, id: "moved", quotas: { bytes: 7 } };
  const file = path.join(paths.tenants, "moved", "tenant.json");
  await writeFile(file, JSON.stringify(moved));
  t.same((await again()).get("moved"), moved);
  await writeFile(file, JSON.stringify({ ...moved, quotas: {} }));
  t.same((await again()).get("moved"), moved, "and not the next time");
});

t.test("an admin takes what stands in the file, if it is a record", async (t) => {
  const { tenants, lifecycle, again } = await setUp(t);
  const { record } = await lifecycle.create("acme", {});
  const file = path.join(tenants.directory("acme"), "tenant.json");
  await writeFile(file, "{}");
  await t.rejects(lifecycle.accept("acme"), { code: "TENANT_RECORD_INVALID" });
  t.same(tenants.get("acme"), record);
  await rm(file);
  await t.rejects(lifecycle.accept("acme"), { code: "TENANT_NOT_FOUND" });
  t.same(tenants.get("acme"), record);
  const changed = { ...record, quotas: { bytes: 5 } };
  await writeFile(file, JSON.stringify(changed));
  t.same(await lifecycle.accept("acme"), changed);
  t.same((await again()).get("acme"), changed);
  await t.rejects(lifecycle.accept("nobody"), { code: "TENANT_NOT_FOUND" });
});

t.test(
  "of a swap that a crash cut off, what stands in the slot counts if it is another directory",
  async (t) => {
    const { paths, tenants, lifecycle, again } = await setUp(t);
    const { record } = await lifecycle.create("acme", {});
    const live = tenants.directory("acme");
    const installed = { ...record, tokenSha256: "c".repeat(64) };
    tenants.claim("acme", "test");
    await tenants.suspend("acme", { reason: "test", timeoutMs: 0 });

    await writeFile(path.join(live, "tenant.json"), JSON.stringify(installed));
    t.same((await again()).get("acme"), record, "the same directory: altered");

    const second = await again();
    second.claim("acme", "test");
    await second.suspend("acme", { reason: "test", timeoutMs: 0 });
    await rename(live, path.join(paths.trash, "old"));
    const third = await again();
    t.equal(third.get("acme"), undefined, "moved out, and nothing in its place yet");
    third.claim("acme", "test");
    const settled = await third.suspend("acme", { reason: "test", timeoutMs: 0 });
    await mkdir(live);
    await writeFile(path.join(live, "tenant.json"), JSON.stringify(installed));
    await settled.resume();
    t.same(third.get("acme"), installed, "carried on");
    t.same((await again()).get("acme"), installed);

    third.claim("acme", "again");
    await third.suspend("acme", { reason: "test", timeoutMs: 0 });
    await rename(live, path.join(paths.trash, "newer"));
    const fourth = await again();
    fourth.claim("acme", "test");
    const rolledBack = await fourth.suspend("acme", { reason: "test", timeoutMs: 0 });
    await rename(path.join(paths.trash, "newer"), live);
    await writeFile(path.join(live, "tenant.json"), JSON.stringify({ ...installed, quotas: { bytes: 9 } }));
    await rolledBack.resume();
    t.same(fourth.get("acme"), installed, "taken back: it is the one that was there, and was altered");
  },
);

t.test("ids are checked wherever a path or a token is made of one", async (t) => {
  const { tenants } = await setUp(t);
  const invalid = { code: "TENANT_ID_INVALID" };
  t.throws(() => tenants.directory("../x"), invalid);
  t.throws(() => tenants.newToken("../x"), invalid);
  t.throws(() => tenants.newRecord("../x", "a".repeat(64)), invalid);
  t.throws(() => tenants.claim("../x", "test"), invalid);
});
