import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { ADMIN_TOKEN, Bed, temporaryDirectory } from "./support/bed.js";
import { GatewayProcess } from "./support/gateway-process.js";
import { missing } from "./support/needs.js";
import { offline, offlineJson } from "./support/offline.js";
import { hasProgram, mustRun } from "./support/run.js";
import { describeDifferences, type Difference, diffTrees } from "./support/tree-diff.js";

/** Made by the real program, with its `backup create`; see the README beside it. */
const OPENCLAW_BACKUP = fileURLToPath(
  new URL("../fixtures/gateways/openclaw-backup-2026.4.2.tar.gz", import.meta.url),
);

interface Restored {
  readonly tenants: number;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

/** A gateway that has stopped: below `home/node/.openclaw` of a directory, with a tenant, links and a lock. */
async function stoppedGateway(t: Test) {
  const root = temporaryDirectory(t);
  const state = join(root, "home/node/.openclaw");
  mkdirSync(state, { recursive: true });
  const bed = await Bed.start(t);
  const { token } = await bed.createFilledTenant("acme", { seed: 4, files: 80, bytes: 500_000 });
  await bed.gateway.stop();
  await mustRun("cp", ["-a", `${bed.gateway.stateDirectory}/.`, state]);
  mkdirSync(join(state, "workspace"));
  writeFileSync(join(state, "workspace/notes.md"), "notes");
  symlinkSync(join(state, "workspace"), join(state, "absolute"));
  symlinkSync("/etc/hostname", join(state, "outside"));
  return { root, state, token };
}

/** But for the times of directories, which some programs do not keep, and terminals, which are never restored. */
function tenantDifferences(left: string, right: string): readonly Difference[] {
  const differences = diffTrees(join(left, "tenants/acme"), join(right, "tenants/acme"));
  return differences.filter(({ path, aspect }) => aspect !== "mtime" && !/^pty(\/|$)/.test(path));
}

async function tokenAnswers(t: Test, state: string, token: string): Promise<void> {
  const gateway = await GatewayProcess.start({ stateDirectory: state, adminToken: ADMIN_TOKEN });
  t.teardown(() => gateway.stop());
  const answer = await fetch(`${gateway.url}/api/tenant/whoami`, {
    headers: { authorization: `Bearer ${token}` },
  });
  t.match(await answer.json(), { tenant: "acme" });
  await gateway.stop();
}

t.test("state directories that other programs have packed come back, whatever their root", async (t) => {
  const { root, state, token } = await stoppedGateway(t);
  const archives = temporaryDirectory(t);
  const at = (name: string): string => join(archives, name);
  const packers: [name: string, program: string, args: string[]][] = [
    ["an absolute path, gzip", "tar", ["czf", at("a.tar.gz"), state]],
    ["home/node/.openclaw", "tar", ["-C", root, "-cf", at("b.tar"), "home/node/.openclaw"]],
    [
      "its name alone, zstd",
      "tar",
      ["-C", join(root, "home/node"), "--zstd", "-cf", at("c.tar.zst"), ".openclaw"],
    ],
    ["inside", "tar", ["-C", state, "-czf", at("d.tar.gz"), "."]],
    ["its parents, too", "tar", ["-C", root, "-cf", at("e.tar"), "home"]],
    ["bsdtar", "bsdtar", ["-C", root, "-czf", at("f.tar.gz"), "home/node/.openclaw"]],
    ["busybox", "busybox", ["tar", "-C", root, "-czf", at("g.tar.gz"), "home/node/.openclaw"]],
  ];
  for (const [name, program, args] of packers)
    await t.test(`${program}: ${name}`, { skip: await missing({ programs: [program] }) }, async (t) => {
      await mustRun(program, args);
      const from = String(args.find((arg) => arg.startsWith(archives)));
      const machine = { state: join(temporaryDirectory(t), "state") };
      const { tenants, warnings } = await offlineJson<Restored>(
        machine,
        "gateway",
        "restore",
        "--from",
        from,
      );
      t.equal(tenants, 1);
      t.ok(warnings.some(({ message }) => message.startsWith("outside: ")));
      const differences = tenantDifferences(state, machine.state);
      t.equal(describeDifferences(differences), "");
      t.equal(readFileSync(join(machine.state, "workspace/notes.md"), "utf8"), "notes");
      if (from.endsWith("a.tar.gz")) t.equal(readlinkSync(join(machine.state, "absolute")), "workspace");
      await tokenAnswers(t, machine.state, token);
    });
});

t.test(
  "loose files that rclone has copied come back",
  { skip: await missing({ programs: ["rclone"] }) },
  async (t) => {
    const { state, token } = await stoppedGateway(t);
    const copy = join(temporaryDirectory(t), "2026-03-07T02-00-00Z");
    await mustRun("rclone", ["copy", state, copy], { env: { PATH: process.env["PATH"] } });
    const machine = { state: join(temporaryDirectory(t), "state") };
    const { tenants } = await offlineJson<Restored>(machine, "gateway", "restore", "--from", copy);
    t.equal(tenants, 1);
    const differences = tenantDifferences(state, machine.state);
    const told = differences.filter(({ path, aspect, left }) => {
      if (aspect !== "only-left") return aspect !== "mode";
      // What rclone leaves out: empty directories, links, names that are not UTF-8.
      return left === "file" && !path.startsWith("workspace/odd/");
    });
    t.equal(describeDifferences(told), "");
    await tokenAnswers(t, machine.state, token);
  },
);

t.test("an archive of `openclaw backup create` comes back, with the links that lead into it", async (t) => {
  const directory = temporaryDirectory(t);
  const machine = { state: join(directory, "state") };
  const restore = ["gateway", "restore", "--from", OPENCLAW_BACKUP];
  const { warnings } = await offlineJson<Restored>(machine, ...restore);
  t.same(
    warnings.filter(({ code }) => code === "LINK_ESCAPES").map(({ message }) => message.split(":")[0]),
    ["workspace/etc", "outside"],
  );
  const { state } = machine;
  const link = (path: string): string => readlinkSync(join(state, path));
  t.equal(link("latest-sessions"), "agents/main/sessions");
  t.equal(link("to-notes"), "workspace/notes");
  t.equal(link("workspace/to-cron"), "../cron");
  t.equal(link("credentials/link"), "../cron/jobs.json");
  t.equal(readFileSync(join(state, "workspace/notes/a.md"), "utf8"), "# notes\n");
  t.equal(readFileSync(join(state, "agents/main/sessions/s.jsonl"), "utf8"), '{"role":"user"}\n');
  t.equal(lstatSync(join(state, "openclaw.json")).mode & 0o777, 0o600);

  const workspace = join(state, "workspace");
  const split = { state, workspace, env: { OPENCLAW_WORKSPACE_DIR: workspace } };
  rmSync(state, { recursive: true });
  mkdirSync(workspace, { recursive: true });
  await offlineJson<Restored>(split, ...restore);
  t.equal(readFileSync(join(workspace, "notes/a.md"), "utf8"), "# notes\n");
  t.ok(lstatSync(join(workspace, ".restore")).isDirectory(), "the workspace is a volume of its own");
});

t.test("an entry that passes through a link refuses a state, and nothing stays", async (t) => {
  t.ok(await hasProgram("tar"));
  const root = temporaryDirectory(t);
  mkdirSync(join(root, "one/state"), { recursive: true });
  mkdirSync(join(root, "two/state/link"), { recursive: true });
  writeFileSync(join(root, "one/state/openclaw.json"), "{}");
  symlinkSync("/tmp", join(root, "one/state/link"));
  writeFileSync(join(root, "two/state/link/planted"), "x");
  const tar = join(root, "state.tar");
  await mustRun("tar", ["-C", join(root, "one"), "-cf", tar, "state"]);
  await mustRun("tar", ["-C", join(root, "two"), "-rf", tar, "state/link/planted"]);
  const machine = { state: join(root, "restored") };
  const { code, stderr } = await offline(machine, "gateway", "restore", "--from", tar);
  t.equal(code, 7);
  t.match(stderr, /passes through a symlink/);
  t.throws(() => lstatSync(join(machine.state, "openclaw.json")), { code: "ENOENT" });
});
