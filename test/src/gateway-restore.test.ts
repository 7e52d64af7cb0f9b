import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { keyPair } from "@openclaw/gateway-plugin-backup/testing";
import { ADMIN_TOKEN, Bed, temporaryDirectory } from "./support/bed.js";
import { GatewayProcess } from "./support/gateway-process.js";
import { Cli } from "./support/cli.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";
import { machineEnvironment, offline, offlineJson, type Machine } from "./support/offline.js";

interface Restored {
  readonly job: string;
  readonly tenants: number;
  readonly replaced: boolean;
}

async function started(t: Test, machine: Machine): Promise<GatewayProcess> {
  const env = machineEnvironment(machine);
  const gateway = await GatewayProcess.start({ stateDirectory: machine.state, adminToken: ADMIN_TOKEN, env });
  t.teardown(() => gateway.stop());
  return gateway;
}

async function whoami(gateway: GatewayProcess, token: string): Promise<string | number> {
  const answer = await fetch(`${gateway.url}/api/tenant/whoami`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return answer.ok ? ((await answer.json()) as { tenant: string }).tenant : answer.status;
}

interface Listed {
  readonly nextRuns: readonly { readonly at: string }[];
}

/** All that a gateway says of its schedules, but for the words of the next runs: in how many minutes changes meanwhile. */
async function schedulesOf(cli: Cli): Promise<unknown> {
  const { schedules } = (await cli.json(["cron", "list"])) as { readonly schedules: readonly Listed[] };
  return schedules.map((one) => ({ ...one, nextRuns: one.nextRuns.map(({ at }) => at) }));
}

t.test("a gateway comes back on an empty machine: same tenants, same tokens, same schedules", async (t) => {
  const bed = await Bed.start(t);
  const tokens = new Map<string, string>();
  for (const id of ["acme", "bravo", "charlie"]) tokens.set(id, await bed.createTenant(id));
  const { token } = (await bed.cli.json(["tenants", "token", "rotate", "bravo"])) as { token: string };
  const old = tokens.get("bravo") ?? "";
  tokens.set("bravo", token);
  await bed.cli.ok([
    "cron",
    "add",
    "acme",
    "--schedule",
    "0 3 * * *",
    "--name",
    "nightly",
    "--job",
    "backup",
  ]);
  const schedules = await schedulesOf(bed.cli);
  await bed.cli.ok(["gateway", "backup", "--to", `${bed.archives}/`]);
  const { uid } = (await bed.cli.json(["tenants", "info", "acme"])) as { uid: string };
  await bed.gateway.stop();

  const machine = { state: join(temporaryDirectory(t), "state") };
  mkdirSync(join(machine.state, "lost+found"), { recursive: true });
  const restored = await offlineJson<Restored>(machine, "gateway", "restore", "--from", bed.archives);
  t.match(restored, { tenants: 3, replaced: false });
  const gateway = await started(t, machine);
  for (const [id, own] of tokens) t.equal(await whoami(gateway, own), id);
  t.equal(await whoami(gateway, old), 401, "a token that was rotated away stays so");
  const cli = new Cli(gateway);
  t.match(await cli.json(["tenants", "info", "acme"]), { uid });
  t.same(await schedulesOf(cli), schedules, "schedules are on");
  const { code, stderr } = await offline(machine, "gateway", "restore", "--from", bed.archives, "--force");
  t.equal(code, 4, "a gateway runs");
  t.match(stderr, /Stop it/);
  t.equal((await offline(machine, "gateway", "restore", "--undo")).code, 4);
  const lines = readdirSync(join(machine.state, "audit")).map((file) =>
    readFileSync(join(machine.state, "audit", file), "utf8"),
  );
  t.match(lines.join(""), /"action":"gateway\.restore"/, "the restore is on record");
});

t.test("over what is there only by force; an undo brings it back, and so does the next", async (t) => {
  const bed = await Bed.start(t);
  const token = await bed.createTenant("acme");
  await bed.cli.ok(["gateway", "backup", "--to", `${bed.archives}/`]);
  await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
  const later = await bed.createTenant("later");
  await bed.gateway.stop();
  const machine = { state: bed.gateway.stateDirectory };
  const restore = ["gateway", "restore", "--from", bed.archives];
  const refused = await offline(machine, ...restore);
  t.equal(refused.code, 4);
  t.match(refused.stderr, /holds a state[^]*--force/);
  t.match(await offlineJson(machine, ...restore, "--dry-run"), { dryRun: true, replaced: true });
  t.match(await offlineJson(machine, ...restore, "--force"), { tenants: 1, replaced: true });
  const stands = async (expected: object): Promise<void> => {
    const gateway = await started(t, machine);
    const found = { acme: await whoami(gateway, token), later: await whoami(gateway, later) };
    await gateway.stop();
    t.same(found, expected);
  };
  await stands({ acme: "acme", later: 401 });
  const { code, stdout } = await offline(machine, "gateway", "restore", "--undo");
  t.equal(code, 0);
  t.match(stdout, /was taken back/);
  await stands({ acme: 401, later: "later" });
  t.match(await offlineJson(machine, "gateway", "restore", "--undo"), { kind: "undo" });
  await stands({ acme: "acme", later: 401 });
});

t.test("a state whose config is broken is restored over all the same", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  await bed.cli.ok(["gateway", "backup", "--to", `${bed.archives}/`]);
  await bed.gateway.stop();
  const machine = { state: bed.gateway.stateDirectory };
  writeFileSync(join(machine.state, "openclaw.json"), "{ broken");
  const { code, stderr } = await offline(machine, "gateway", "restore", "--from", bed.archives, "--force");
  t.equal(code, 0, stderr);
  t.match(stderr, /the config that is there is not used: .*openclaw\.json is not JSON5/);
  await (await started(t, machine)).stop();
});

t.test("encrypted sets come back with their key", async (t) => {
  const { identity, recipient } = await keyPair();
  const bed = await Bed.start(t);
  const token = await bed.createTenant("acme");
  await bed.cli.ok(["gateway", "backup", "--to", `${bed.archives}/`, "--recipient", recipient]);
  await bed.gateway.stop();
  const machine = { state: join(temporaryDirectory(t), "state") };
  const restore = ["gateway", "restore", "--from", bed.archives];
  const refused = await offline(machine, ...restore);
  t.equal(refused.code, 7);
  t.match(refused.stderr, /--identity/);
  t.notOk(existsSync(join(machine.state, "openclaw.json")));
  const key = join(bed.directory, "key.txt");
  writeFileSync(key, `${identity}\n`, { mode: 0o600 });
  t.match(await offlineJson(machine, ...restore, "--identity", key), { tenants: 1 });
  t.equal(await whoami(await started(t, machine), token), "acme");
});

t.test("one tenant is taken out of a gateway's backup", async (t) => {
  const bed = await Bed.start(t);
  const { token } = await bed.createFilledTenant("acme", { seed: 3, files: 60, bytes: 400_000 });
  await bed.createTenant("bravo");
  await bed.cli.ok(["gateway", "backup", "--to", `${bed.archives}/`]);
  const [name = ""] = readdirSync(bed.archives);
  const set = join(bed.archives, name);
  const live = bed.gateway.tenantDirectory("acme");
  const copy = await bed.restore("--from", `${set}/`, "--tenant", "acme", "--as", "acme-copy");
  t.match(copy.result, { tenant: "acme-copy", archivedAs: "acme", hadIndex: true, token: "new" });
  const differences = diffTrees(
    join(live, "sessions"),
    bed.gateway.tenantDirectory("acme-copy") + "/sessions",
  );
  t.equal(describeDifferences(differences), "");
  await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
  await bed.restore("--from", join(set, "state.tar.zst"), "--tenant", "acme");
  t.equal(await bed.whoami(token), "acme");
  const gone = await bed.cli.run(["tenants", "restore", "--from", `${set}/`, "--tenant", "nobody"]);
  t.equal(gone.code, 3);
  t.match(gone.stderr, /holds no tenant nobody/);
  rmSync(set, { recursive: true });
  const nothing = await bed.cli.run([
    "tenants",
    "restore",
    "--from",
    `${set}/`,
    "--tenant",
    "acme",
    "--force",
  ]);
  t.equal(nothing.code, 3);
});
