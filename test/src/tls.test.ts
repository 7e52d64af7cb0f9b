/** A gateway that others reach over a network: with a certificate of its own, and without. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ADMIN_TOKEN, temporaryDirectory } from "./support/bed.js";
import { Cli } from "./support/cli.js";
import { GatewayProcess } from "./support/gateway-process.js";
import { missing } from "./support/needs.js";
import { mustRun } from "./support/run.js";

/** A certificate for 127.0.0.1 that signs itself, put in place of what is there; gives the path of it. */
async function certificate(directory: string, name: string): Promise<string> {
  const [cert, key] = [join(directory, "tls.crt"), join(directory, "tls.key")];
  const kept = join(directory, `${name}.crt`);
  await mustRun("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
    ...["-subj", "/CN=gateway", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", `${key}.new`, "-out", `${cert}.new`],
  ]);
  await mustRun("cp", [`${cert}.new`, kept]);
  renameSync(`${cert}.new`, cert);
  renameSync(`${key}.new`, key);
  return kept;
}

async function start(t: Test, gateway: object) {
  const directory = temporaryDirectory(t);
  const stateDirectory = join(directory, "state");
  const archives = join(directory, "archives");
  mkdirSync(stateDirectory, { mode: 0o700 });
  mkdirSync(archives);
  const trusted = await certificate(directory, "first");
  const tls = { cert: join(directory, "tls.crt"), key: join(directory, "tls.key") };
  const config = {
    gateway: "tls" in gateway ? { ...gateway, tls } : gateway,
    plugins: { backup: { localRoots: [archives] } },
  };
  writeFileSync(join(stateDirectory, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  const running = await GatewayProcess.start({ stateDirectory, adminToken: ADMIN_TOKEN });
  t.teardown(() => running.kill());
  return { directory, archives, trusted, gateway: running, cli: new Cli(running) };
}

t.test(
  "the main job runs over TLS; a certificate that nobody vouches for is refused, and a renewed one is taken",
  { skip: await missing({ programs: ["openssl"] }) },
  async (t) => {
    const { directory, archives, trusted, cli } = await start(t, { tls: true });
    const trust = (ca: string) => ({ env: { NODE_EXTRA_CA_CERTS: ca } });

    const stranger = await cli.run(["tenants", "list"]);
    t.equal(stranger.code, 6, stranger.stderr);
    t.match(stranger.stderr, /^error: .* has no good certificate/m);
    t.match(stranger.stderr, /^hint: .*NODE_EXTRA_CA_CERTS/m);

    await cli.ok(["tenants", "create", "acme"], trust(trusted));
    const archive = join(archives, "acme.tar.zst");
    t.match(await cli.json(["tenants", "backup", "acme", "--to", archive], trust(trusted)), {
      state: "succeeded",
    });
    t.match(await cli.json(["tenants", "restore", "--from", archive, "--as", "other"], trust(trusted)), {
      state: "succeeded",
    });
    const keys = ["--endpoint", "https://127.0.0.1:9", "--access-key", "A", "--secret-key", "marked-secret"];
    const withKeys = await cli.run(
      ["backups", "show", "s3://bucket/key", ...keys, "--region", "x", "--json"],
      trust(trusted),
    );
    t.match(JSON.parse(withKeys.stdout), { code: "STORE_UNREACHABLE" }, "keys are taken over TLS");
    t.notMatch(await cli.ok(["status"], trust(trusted)), /without TLS/);

    const renewed = await certificate(directory, "second");
    const deadline = Date.now() + 60_000;
    let answer = await cli.run(["tenants", "list"], trust(renewed));
    while (answer.code !== 0 && Date.now() < deadline)
      answer = await cli.run(["tenants", "list"], trust(renewed));
    t.equal(answer.code, 0, answer.stderr);
    t.equal((await cli.run(["tenants", "list"], trust(trusted))).code, 6, "the old one is served no more");
  },
);

const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

t.test(
  "without TLS no key is sent to another machine, and none is taken from one",
  {
    skip:
      (await missing({ programs: ["openssl"] })) || (address === undefined && "needs a network interface"),
  },
  async (t) => {
    const { gateway } = await start(t, { bind: "0.0.0.0" });
    t.match(gateway.output, /listens on 0\.0\.0\.0 without TLS/);
    const url = gateway.url.replace("127.0.0.1", address ?? "");
    const cli = new Cli({ url, adminToken: ADMIN_TOKEN, home: gateway.home });
    await cli.ok(["tenants", "create", "acme"]);
    t.match(await cli.ok(["status"]), /^warning: The gateway listens on 0\.0\.0\.0 without TLS/m);

    const backup = [
      "tenants",
      "backup",
      "acme",
      "--to",
      "s3://bucket/key",
      "--endpoint",
      "http://127.0.0.1:9",
    ];
    const unsent = await cli.run([...backup, "--access-key", "A", "--secret-key", "marked-secret"]);
    t.equal(unsent.code, 5);
    t.match(unsent.stderr, /^error: --access-key would be sent to http:.* in clear text$/m);
    t.notMatch(unsent.stdout + unsent.stderr, /marked-secret/);
    const untaken = await fetch(`${url}/api/admin/tenants/acme/backups`, {
      method: "POST",
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ to: "s3://bucket/key", s3: { accessKey: "A", secretKey: "marked-secret" } }),
    });
    t.match(await untaken.json(), { code: "TLS_REQUIRED", status: 403 });
    t.notMatch(gateway.output, /marked-secret/);
  },
);
