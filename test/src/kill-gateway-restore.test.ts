import { spawn } from "node:child_process";
import { mkdirSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { ADMIN_TOKEN, temporaryDirectory } from "./support/bed.js";
import { Cli } from "./support/cli.js";
import { GatewayProcess } from "./support/gateway-process.js";
import { machineEnvironment, offlineJson, type Machine } from "./support/offline.js";
import { cleanEnvironment, OPENCLAW } from "./support/processes.js";
import { mustRun, run } from "./support/run.js";
import { generateTenant } from "./support/tenant-generator.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

const POINTS = 12;

/** Two volumes: file systems of their own where this machine lets us mount, else directories. */
async function volumes(
  t: Test,
): Promise<Required<Pick<Machine, "state" | "workspace">> & { readonly mounted: boolean }> {
  const directory = temporaryDirectory(t);
  const state = join(directory, "state");
  const workspace = join(state, "workspace");
  mkdirSync(state);
  const mount = (at: string): Promise<boolean> =>
    run("mount", ["-t", "tmpfs", "-o", "size=400m", "none", at]).then(({ code }) => code === 0);
  const mounted = process.getuid?.() === 0 && (await mount(state));
  mkdirSync(workspace);
  if (mounted) {
    await mount(workspace);
    t.teardown(() => run("umount", ["-R", state]));
  }
  return { state, workspace, mounted };
}

t.test(
  "a restore of a split gateway, killed at any point, leaves the old state whole or the new one, on both volumes",
  async (t) => {
    const machine = await volumes(t);
    t.comment(machine.mounted ? "two mounted volumes" : "two directories");
    const { state, workspace } = machine;
    const env = machineEnvironment(machine);
    const start = (): Promise<GatewayProcess> =>
      GatewayProcess.start({ stateDirectory: state, adminToken: ADMIN_TOKEN, env });
    const archives = join(temporaryDirectory(t), "archives");
    mkdirSync(archives);

    let gateway = await start();
    t.teardown(() => gateway.stop());
    const { token } = (await new Cli(gateway).json(["tenants", "create", "acme"])) as { token: string };
    generateTenant(gateway.tenantDirectory("acme"), { seed: 8, files: 300, bytes: 6_000_000 });
    for (const directory of ["projects", "notes"]) mkdirSync(join(workspace, directory));
    for (let n = 0; n < 50; n++) writeFileSync(join(workspace, "notes", String(n)), `then ${n}`);
    await gateway.stop();
    const archive = join(archives, "state.tar.gz");
    await mustRun("tar", ["-C", state, "--format=posix", "-czf", archive, "."]);
    const kept = temporaryDirectory(t);
    const keep = async (name: string): Promise<void> => {
      await mustRun("cp", ["-a", join(state, "tenants/acme"), join(kept, `${name}-acme`)]);
      await mustRun("cp", ["-a", workspace, join(kept, `${name}-workspace`)]);
    };
    await keep("new");
    writeFileSync(join(workspace, "notes/1"), "now");
    writeFileSync(join(workspace, "later"), "now");
    writeFileSync(join(state, "tenants/acme/later"), "now");
    await keep("old");

    /** Which of the two stands, whole. */
    const standing = async (t: Test): Promise<"old" | "new"> => {
      const { code } = await run("test", ["-e", join(workspace, "later")]);
      const which = code === 0 ? "old" : "new";
      t.equal(describeDifferences(differences(join(kept, `${which}-acme`), join(state, "tenants/acme"))), "");
      t.equal(describeDifferences(differences(join(kept, `${which}-workspace`), workspace)), "");
      return which;
    };
    const differences = (left: string, right: string) =>
      diffTrees(left, right).filter(
        ({ path, aspect }) => !/^(\.restore|pty)(\/|$)/.test(path) && !(path === "" && aspect !== "type"),
      );

    const restore = ["gateway", "restore", "--from", archive, "--force"];
    const begun = Date.now();
    await offlineJson(machine, ...restore);
    let durationMs = Date.now() - begun;
    t.equal(await standing(t), "new");
    await offlineJson(machine, "gateway", "restore", "--undo");
    t.equal(await standing(t), "old");

    const seen = (directory: string, name: string) => (): Promise<void> =>
      new Promise((resolve) => {
        const watcher = watch(directory, (_event, file) => {
          if (file !== name) return;
          watcher.close();
          resolve();
        });
      });
    const points: { readonly name: string; readonly moment: () => Promise<unknown> }[] = [
      ...Array.from({ length: POINTS }, (_, n) => ({
        name: `after ${Math.round(((n + 1) / POINTS) * 100)} % of its time`,
        moment: () => delay((durationMs * (n + 1)) / POINTS),
      })),
      { name: "when the journal is there", moment: seen(join(state, ".restore"), "journal.json") },
      { name: "when the first entry of the state is moved", moment: seen(state, "audit") },
      { name: "when the tenants are moved", moment: seen(state, "tenants") },
      { name: "when the workspace is moved", moment: seen(workspace, "notes") },
    ];
    const outcomes: string[] = [];
    for (const { name, moment } of points) {
      await t.test(name, async (t) => {
        const reached = Promise.race([moment(), delay(durationMs + 10_000, undefined, { ref: false })]);
        const child = spawn(process.execPath, [OPENCLAW, ...restore], {
          env: cleanEnvironment(`${state}-home`, { OPENCLAW_STATE_DIR: state, ...env }),
          stdio: "ignore",
        });
        const ended = new Promise((resolve) => child.once("close", resolve));
        const from = Date.now();
        void ended.then(() => (durationMs = Math.min(durationMs, Date.now() - from)));
        await Promise.race([reached, ended]);
        child.kill("SIGKILL");
        await ended;
        gateway = await start();
        const answer = await fetch(`${gateway.url}/api/tenant/whoami`, {
          headers: { authorization: `Bearer ${token}` },
        });
        t.equal(answer.status, 200, "the tenant's token answers");
        await gateway.stop();
        const which = await standing(t);
        outcomes.push(which);
        if (which === "new") {
          await offlineJson(machine, "gateway", "restore", "--undo");
          t.equal(await standing(t), "old");
        }
      });
    }
    t.comment(`after the kills: ${outcomes.join(", ")}`);
    t.ok(outcomes.includes("old") && outcomes.includes("new"), "the points lie on both sides of the swap");
  },
);
