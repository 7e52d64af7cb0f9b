import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { FakeGateway, events, job, json } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

const KEY = "AGE-SECRET-KEY-1TEST";
const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

async function start(t: Test): Promise<{
  readonly gateway: FakeGateway;
  readonly keyFile: string;
  readonly cli: (...args: string[]) => Promise<CliRun>;
}> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const keyFile = join(t.testdir({}), "key.txt");
  writeFileSync(keyFile, `# created\n${KEY}\n`);
  const env = { OPENCLAW_GATEWAY_URL: gateway.url, PASS: "of the environment" };
  return { gateway, keyFile, cli: (...args) => runHere(args, { env }) };
}

function succeeds(gateway: FakeGateway, route: string, type: string, result: object = {}): void {
  gateway.on(`POST ${route}`, json(202, { job: job("queued", { type }), joined: false }));
  gateway.on(
    "GET /api/admin/jobs/j1/events",
    events([job("succeeded", { type, result: { ...result } })], "end"),
  );
}

t.test("recipients and pipes of a backup are sent as they are", async (t) => {
  const { gateway, cli } = await start(t);
  const route = "/api/admin/tenants/acme/backups";
  succeeds(gateway, route, "backup");
  t.equal((await cli("tenants", "backup", "--recipient", RECIPIENT, "acme", "--recipient", "age1b")).code, 0);
  t.equal((await cli("tenants", "backup", "acme", "--pipe", "age -R /etc/r.txt")).code, 0);
  const bodies = gateway.requests.filter(({ method }) => method === "POST").map(({ body }) => body);
  t.match(bodies, [{ recipients: [RECIPIENT, "age1b"] }, { pipe: "age -R /etc/r.txt" }]);
  t.match(await cli("tenants", "backup", "acme", "--pipe", "age", "--recipient", "age1b"), {
    code: 2,
    stderr: /cannot be used with/,
  });
});

t.test("keys are read on this machine, for everything that looks into an archive", async (t) => {
  const { gateway, cli, keyFile } = await start(t);
  succeeds(gateway, "/api/admin/restores", "restore");
  succeeds(gateway, "/api/admin/backups/verify", "verify");
  succeeds(gateway, "/api/admin/backups/drill", "drill");
  await cli("tenants", "restore", "--from", "/b/a.age", "--identity", keyFile);
  await cli("tenants", "restore", "--from", "/b/a.age", "--passphrase", "env:PASS");
  await cli("tenants", "restore", "--from", "/b/a.age", "--pipe", "age -d -i /k");
  await cli("backups", "verify", "acme", "--identity", keyFile);
  await cli("backups", "drill", "acme", "--passphrase", `file:${keyFile}`);
  await cli("backups", "show", "/b/a.age", "--identity", keyFile);
  await cli("backups", "cat", "/b/a.age", "x", "--identity", keyFile);
  const bodies = gateway.requests.filter(({ method }) => method === "POST").map(({ body }) => body);
  const identity = `# created\n${KEY}`;
  t.match(bodies, [
    { from: "/b/a.age", decrypt: { identity } },
    { decrypt: { passphrase: "of the environment" } },
    { decrypt: { pipe: "age -d -i /k" } },
    { archive: "acme", decrypt: { identity } },
    { decrypt: { passphrase: identity } },
    { decrypt: { identity } },
    { path: "x", decrypt: { identity } },
  ]);
});

t.test("a key that cannot be read, or two of them, is an error before anything is sent", async (t) => {
  const { gateway, cli, keyFile } = await start(t);
  const restore = ["tenants", "restore", "--from", "/b/a.age"];
  t.match(await cli(...restore, "--identity", "/no/such/file"), {
    code: 2,
    stderr: /--identity: could not read/,
  });
  t.match(await cli(...restore, "--identity", keyFile, "--passphrase", "x"), { code: 2 });
  t.match(await cli(...restore, "--identity", keyFile, "--pipe", "age -d"), { code: 2 });
  t.match(await cli("tenants", "restore", "--undo", "j1", "--identity", keyFile), { code: 2 });
  t.strictSame(gateway.requests, []);
});

t.test("an archive is encrypted anew", async (t) => {
  const { gateway, cli, keyFile } = await start(t);
  const result = { from: "/b/a.age", location: "/b/a.age", size: 1_500_000, durationMs: 1200 };
  succeeds(gateway, "/api/admin/backups/rekey", "rekey", result);
  const { stdout, code } = await cli(
    "backups",
    "rekey",
    "a1",
    "--identity",
    keyFile,
    "--recipient",
    RECIPIENT,
  );
  t.equal(code, 0);
  t.equal(stdout, "/b/a.age: encrypted anew, 1.50 MB in 1.2 s\n");
  succeeds(gateway, "/api/admin/backups/rekey", "rekey", { ...result, location: "/c/a.age" });
  const beside = await cli(
    "backups",
    "rekey",
    "a1",
    "--to",
    "/c/a.age",
    "--overwrite",
    "--pipe",
    "age -R /r",
    "--decrypt-pipe",
    "age -d -i /k",
  );
  t.match(beside.stdout, /^\/b\/a\.age → \/c\/a\.age: encrypted anew/);
  t.match(
    gateway.requests.filter(({ method }) => method === "POST").map(({ body }) => body),
    [
      { archive: "a1", recipients: [RECIPIENT], decrypt: { identity: /AGE-SECRET/ } },
      {
        archive: "a1",
        to: "/c/a.age",
        overwrite: true,
        pipe: "age -R /r",
        decrypt: { pipe: "age -d -i /k" },
      },
    ],
  );
  t.match(await cli("backups", "rekey", "a1", "--overwrite", "--recipient", RECIPIENT), { code: 2 });
});
