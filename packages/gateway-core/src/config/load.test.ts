import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { Type } from "@openclaw/schema";
import { loadConfig } from "./load.js";

const backup = {
  name: "backup",
  configSchema: Type.Object(
    { concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 2 }) },
    { additionalProperties: false },
  ),
};

t.test("without a file the defaults are written, for the owner only, and read back the same", async (t) => {
  const file = path.join(t.testdir(), "openclaw.json");
  const first = await loadConfig({ file, plugins: [backup] });
  t.same(first.gateway, {
    bind: "127.0.0.1",
    port: 18_789,
    audit: { keepDays: 400, maxFileBytes: 16_777_216 },
  });
  t.same(first.plugins, { backup: { concurrency: 2 } });
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.match(JSON.parse(await readFile(file, "utf8")), { gateway: { port: 18_789 } });
  t.same(await loadConfig({ file, plugins: [backup] }), first);
});

t.test("JSON5 is accepted and secrets stay references", async (t) => {
  const file = path.join(
    t.testdir({
      "openclaw.json": `{ // comment
        gateway: { port: 1234, token: { env: 'TOKEN' } }, plugins: { backup: { concurrency: 4, }, }, }`,
    }),
    "openclaw.json",
  );
  const config = await loadConfig({ file, plugins: [backup] });
  t.match(config.gateway, { bind: "127.0.0.1", port: 1234, token: { env: "TOKEN" } });
  t.same(config.plugins, { backup: { concurrency: 4 } });
});

t.test("what is unknown or out of range stops the start with file, key and what is allowed", async (t) => {
  const file = path.join(t.testdir(), "openclaw.json");
  for (const [text, message] of [
    ["{ gateway: { port: 70000 } }", "gateway.port must be <= 65535"],
    [
      "{ gateway: { prot: 1 } }",
      "gateway.prot is unknown; allowed: bind, port, token, metricsToken, tls, workspaceDir, trustedProxies, audit",
    ],
    ["{ gateway: { audit: { keepDays: 0 } } }", "gateway.audit.keepDays must be >= 1"],
    ["{ gatewya: {} }", "gatewya is unknown; allowed: gateway, plugins"],
    [
      "{ gateway: { token: { vault: 'x' } } }",
      'gateway.token must be a string, {"env": "NAME"} or {"file": "PATH"}',
    ],
    ["{ plugins: { backup: { concurrency: 0 } } }", "plugins.backup.concurrency must be >= 1"],
    ["{ plugins: { backup: null } }", "plugins.backup must be object"],
    ["{ plugins: { backpu: {} } }", "plugins.backpu is unknown; allowed: backup"],
    ["{ plugins: [] }", "plugins must be object"],
    ["{ gateway: null }", "gateway must be object"],
    ["[]", "the config must be object"],
  ] as const) {
    await writeFile(file, text);
    await t.rejects(
      loadConfig({ file, plugins: [backup] }),
      { code: "CONFIG_INVALID", exitCode: 2, message: `${file}: ${message}` },
      text,
    );
  }
});

t.test("a file that is not JSON5 is refused with the place", async (t) => {
  const directory = t.testdir({ "openclaw.json": "{ gateway: { port: } }" });
  await t.rejects(loadConfig({ file: path.join(directory, "openclaw.json"), plugins: [] }), {
    code: "CONFIG_INVALID",
    message: /openclaw\.json is not JSON5: .*1:20/,
  });
});

t.test("a config that cannot be read is refused", async (t) => {
  const directory = t.testdir({ "openclaw.json": {} });
  await t.rejects(loadConfig({ file: path.join(directory, "openclaw.json"), plugins: [] }), {
    code: "CONFIG_INVALID",
    message: /cannot be read/,
  });
});

t.test("two plugins cannot share a section", async (t) => {
  const file = path.join(t.testdir(), "openclaw.json");
  await t.rejects(loadConfig({ file, plugins: [backup, backup] }), { message: /Two plugins/ });
});
