import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GatewayPlugin, HookEvents, HookOptions } from "@openclaw/gateway-core";
import t from "tap";
import { Type } from "@openclaw/schema";
import { testGateway } from "../test-support/gateway.js";

/** A plugin with hooks around backups; `after` keeps what `afterBackup` is told. */
function hookingPlugin(
  before: (event: HookEvents["beforeBackup"]) => Promise<void> | void,
  options: HookOptions = {},
): { readonly plugin: GatewayPlugin; readonly after: boolean[] } {
  const after: boolean[] = [];
  const plugin: GatewayPlugin = {
    name: "memory",
    version: "1.0.0",
    configSchema: Type.Object({}),
    setup: (host) => {
      host.hooks.on("beforeBackup", before, options);
      host.hooks.on("afterBackup", ({ succeeded }) => void after.push(succeeded));
      return Promise.resolve();
    },
  };
  return { plugin, after };
}

const fail = (): never => {
  throw new Error("the index could not be flushed");
};
const BACKUPS = "/api/admin/tenants/acme/backups";

await t.test("what a plugin writes in beforeBackup is in the archive", async (t) => {
  const { plugin, after } = hookingPlugin(({ directory }) => {
    writeFileSync(join(directory, "flushed"), "12345");
  });
  const host = await testGateway(t, {}, undefined, [plugin]);
  await host.tenant("acme");
  const { result, warnings } = await host.job(BACKUPS);
  t.match(result, { totals: { files: 2 } });
  t.strictSame(warnings, []);
  t.strictSame(after, [true]);
});

await t.test("a plugin that fails is a warning, and the backup goes on", async (t) => {
  const { plugin, after } = hookingPlugin(fail);
  const host = await testGateway(t, {}, undefined, [plugin]);
  await host.tenant("acme");
  const job = await host.job(BACKUPS);
  t.match(job, {
    state: "succeeded",
    warnings: [
      {
        code: "HOOK_FAILED",
        message: "Plugin 'memory' could not prepare the backup: the index could not be flushed",
      },
    ],
  });
  t.strictSame(after, [true]);
});

await t.test(
  "with onError fail nothing is stored, the error names plugin and tenant, and afterBackup is told",
  async (t) => {
    for (const [before, options, reason] of [
      [fail, {}, "the index could not be flushed"],
      [() => new Promise<void>(() => undefined), { timeoutMs: 5 }, "did not end within 5 ms"],
    ] as const) {
      const { plugin, after } = hookingPlugin(before, { ...options, onError: "fail" });
      const host = await testGateway(t, {}, join(t.testdir(), reason.slice(0, 3)), [plugin]);
      await host.tenant("acme");
      const job = await host.job(BACKUPS);
      t.match(job, {
        state: "failed",
        error: {
          code: "HOOK_FAILED",
          exitCode: 1,
          message: `Tenant acme was not backed up: plugin 'memory' could not prepare it: ${reason}`,
          details: { tenant: "acme", plugin: "memory" },
        },
      });
      t.strictSame(after, [false]);
      t.notOk(existsSync(join(host.stateDir, "backups/tenants")));
      t.match((await host.call("GET", BACKUPS)).body, { archives: [] });
    }
  },
);

await t.test("afterBackup with onError fail is a warning: the archive is there and good", async (t) => {
  const plugin: GatewayPlugin = {
    name: "late",
    version: "1.0.0",
    configSchema: Type.Object({}),
    setup: (host) => {
      host.hooks.on("afterBackup", fail, { onError: "fail" });
      return Promise.resolve();
    },
  };
  const host = await testGateway(t, {}, undefined, [plugin]);
  await host.tenant("acme");
  t.match(await host.job(BACKUPS), {
    state: "succeeded",
    warnings: [{ code: "HOOK_FAILED", message: /'late' failed after the backup/ }],
  });
});
