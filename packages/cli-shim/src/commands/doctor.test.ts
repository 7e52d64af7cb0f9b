import { existsSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { FakeGateway, json } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  return { gateway, cli: (...args) => runHere(args, { env: { OPENCLAW_GATEWAY_URL: gateway.url } }) };
}

const warning = {
  check: "backup-destination",
  severity: "warning",
  message: "Backups lie on the state's own file system.",
  fix: "Configure a destination elsewhere.",
  repairable: false,
};

const critical = {
  check: "tenants",
  severity: "critical",
  tenant: "acme",
  message: "tenant.json is unreadable.",
  repairable: true,
};

t.test("doctor lists its findings, the worst first, and fails only when one is critical", async (t) => {
  const { gateway, cli } = await start(t);
  const good = { check: "disk", severity: "ok", message: "Plenty.", repairable: false };
  gateway.on(
    "GET /api/admin/doctor",
    json(200, { findings: [good, warning], worst: "warning" }),
    json(200, { findings: [critical], worst: "critical" }),
    json(200, { findings: [good, warning, critical], worst: "critical" }),
  );
  const well = await cli("doctor");
  t.equal(well.code, 0);
  t.equal(
    well.stdout,
    [
      "warning   backup-destination: Backups lie on the state's own file system.",
      "          → Configure a destination elsewhere.",
      "ok        disk: Plenty.",
      "0 critical, 1 to look at, 1 ok",
      "",
    ].join("\n"),
  );
  const ill = await cli("doctor", "--json");
  t.equal(ill.code, 1);
  t.same(JSON.parse(ill.stdout), { findings: [critical], worst: "critical" });
  const { stdout } = await cli("doctor");
  t.match(stdout, /^critical {2}tenants, acme: tenant\.json is unreadable\.\nwarning/);
  t.match(stdout, /`openclaw doctor --yes` repairs 1 of them, and loses nothing\n$/);
});

t.test("with --yes the gateway repairs, and what it did comes first", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(
    "POST /api/admin/doctor",
    json(200, {
      findings: [warning],
      worst: "warning",
      repairs: [
        { check: "tenants", tenant: "acme", finding: "It was bad.", ok: true, outcome: "It is good." },
        { check: "config", finding: "It is bad.", ok: false, outcome: "It could not be repaired: no." },
      ],
    }),
  );
  const { code, stdout } = await cli("doctor", "--yes");
  t.equal(code, 0);
  t.equal(
    stdout,
    [
      "repaired  tenants, acme: It was bad.",
      "          → It is good.",
      "failed    config: It is bad.",
      "          → It could not be repaired: no.",
      "",
      "warning   backup-destination: Backups lie on the state's own file system.",
      "          → Configure a destination elsewhere.",
      "0 critical, 1 to look at, 0 ok",
      "",
    ].join("\n"),
  );
});

t.test("where no gateway answers on this machine, its state directory is looked at", async (t) => {
  const stateDir = join(t.testdir(), "none");
  const env = { OPENCLAW_STATE_DIR: stateDir };
  for (const url of ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"]) {
    const { code, stdout, stderr } = await runHere(["doctor"], {
      env: { ...env, OPENCLAW_GATEWAY_URL: url },
    });
    t.match(stdout, /^critical {2}state-directory: There is no state directory at .*none\./, url);
    t.match(stderr, /no gateway answers at .*; its state directory is looked at/);
    t.equal(code, 1);
  }
  const offline = await runHere(["doctor", "--offline", "--json"], { env });
  t.match(JSON.parse(offline.stdout), { offline: true, stateDir, worst: "critical", repairs: [] });
  t.notOk(existsSync(stateDir), "looking makes nothing");
});

t.test("a gateway elsewhere that does not answer is not judged by this machine's state", async (t) => {
  // No name of this kind ever resolves: RFC 6761, section 6.4.
  const env = { OPENCLAW_GATEWAY_URL: "http://gateway.invalid:18789", OPENCLAW_STATE_DIR: t.testdir() };
  const { code, stderr } = await runHere(["doctor"], { env });
  t.equal(code, 6);
  t.match(stderr, /No gateway answers at http:\/\/gateway\.invalid:18789/);
});

t.test("a gateway that refuses is no gateway that is down", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(
    "GET /api/admin/doctor",
    json(401, { code: "UNAUTHORIZED", title: "Unauthorized", exitCode: 5 }),
  );
  t.equal((await cli("doctor")).code, 5);
});
