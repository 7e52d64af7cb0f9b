/** `gateway restore` on state directories of its own; nothing is called. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { runHere, runProcess, startProcess } from "../test-support/run-cli.js";

const BIN = fileURLToPath(new URL("../../bin/openclaw.js", import.meta.url));
const ADMIN = { OPENCLAW_GATEWAY_TOKEN: "an-admin-token-that-is-long-enough" };

/** A tar of a state directory, and a place to restore it to. */
function bed(t: Test, config = "{}") {
  const directory = t.testdir({
    old: { "openclaw.json": config, tenants: { acme: { "tenant.json": "{}" } } },
  });
  const from = join(directory, "state.tar.gz");
  spawnSync("tar", ["-C", directory, "-czf", from, "old"]);
  const state = join(directory, "state");
  const env = { OPENCLAW_STATE_DIR: state };
  const restore = (...args: string[]) => runHere(["gateway", "restore", ...args], { env });
  return { directory, from, state, env, restore };
}

t.test("a state comes back, is taken back, and says so", async (t) => {
  const { from, state, restore } = bed(t);
  const checked = await restore("--from", from, "--dry-run");
  t.match(checked, { code: 0, stdout: /would be restored \(dry run: nothing was written\).*2 files/ });
  t.notOk(existsSync(state), "a dry run makes nothing");
  const { code, stdout, stderr } = await restore("--from", from);
  t.equal(code, 0, stderr);
  t.match(stdout, /^gateway: restored from .*state\.tar\.gz: 1 tenant, 2 files/);
  t.match(stdout, /it can be taken back until 2026-06-04 02:00:00Z: `openclaw gateway restore --undo`/);
  t.match(stdout, /signed by nobody/);
  t.match(stderr, /warning: There is no index of ours/);
  t.match(readdirSync(state).sort(), [".restore", "backup", "gateway.lock", "openclaw.json", "tenants"]);
  t.match(await restore("--from", from, "--dry-run"), { code: 0, stdout: /needs --force/ });
  t.match(await restore("--from", from), { code: 4, stderr: /holds a state: .*\nhint: Use --force/ });
  t.match(await restore("--from", from, "--force"), { stdout: /what it replaced is kept until/ });
  t.match(await restore("--undo"), {
    code: 0,
    stdout: /the restore of 2026-06-03 02:00:00Z .* was taken back/,
  });
  const json = JSON.parse((await restore("--undo", "--json")).stdout) as object;
  t.match(json, { kind: "undo", undo: /^g/ });
});

t.test("a relative path is one of this process's directory", (t) => {
  const { directory, state, env } = bed(t);
  const child = spawnSync(process.execPath, [BIN, "gateway", "restore", "--from", "old/"], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: directory, ...env },
    encoding: "utf8",
  });
  t.equal(child.status, 0, child.stderr);
  t.ok(existsSync(join(state, "tenants/acme/tenant.json")));
  t.end();
});

t.test("while a gateway runs nothing is restored, nor taken back, nor looked at", async (t) => {
  const { from, env, state } = bed(t);
  mkdirSync(state);
  const gateway = startProcess(["gateway", "run", "--port", "0"], { ...env, ...ADMIN });
  t.teardown(() => gateway.kill("SIGKILL"));
  await new Promise((resolve) => gateway.stdout.once("data", resolve));
  for (const flags of [["--from", from, "--force"], ["--from", from, "--dry-run"], ["--undo"]]) {
    const { code, stderr } = await runProcess(["gateway", "restore", ...flags], env);
    t.equal(code, 4, flags.join(" "));
    t.match(stderr, /Stop it/);
  }
});

t.test("what does not go together is told at once", async (t) => {
  const { from, state, restore } = bed(t);
  t.match(await restore("--undo", "--from", from), { code: 2 });
  t.match(await restore("--undo", "--trust", "ed25519:x"), { code: 2 });
  t.match(await restore("--from", "s3://bucket/x", "--access-key", "env:NOT_SET"), {
    code: 2,
    stderr: /NOT_SET/,
  });
  t.match(await restore("--from", join(state, "nowhere")), { code: 3, stderr: /There is nothing at/ });
  t.match(await restore("--undo"), { code: 4, stderr: /no restore to be undone/ });
});

t.test("a config that is broken, or names a workspace elsewhere", async (t) => {
  const elsewhere = { gateway: { workspaceDir: "/data/workspace", tls: { cert: "c.pem", key: "k.pem" } } };
  const { directory, from, state, restore } = bed(t, JSON.stringify(elsewhere));
  mkdirSync(state);
  writeFileSync(join(state, "openclaw.json"), "{ broken");
  const { code, stderr } = await restore("--from", from, "--force");
  t.equal(code, 0, stderr);
  t.match(stderr, /warning: the config that is there is not used: .*is not JSON5/);
  const env = { OPENCLAW_STATE_DIR: state, OPENCLAW_WORKSPACE_DIR: join(directory, "workspace") };
  mkdirSync(env.OPENCLAW_WORKSPACE_DIR);
  t.match(await runHere(["gateway", "restore", "--from", from, "--force"], { env }), { code: 0 });
});

t.test("a signal stops a restore, and leaves nothing", async (t) => {
  const { directory, from, state } = bed(t);
  writeFileSync(join(directory, "old/large"), Buffer.alloc(64 * 1024 * 1024, "x"));
  spawnSync("tar", ["-C", directory, "-czf", from, "old"]);
  const env = { OPENCLAW_STATE_DIR: state };
  const onReady = (interrupt: () => void): void => interrupt();
  const { code, stderr } = await runHere(["gateway", "restore", "--from", from], { env, onReady });
  t.equal(code, 1);
  t.match(stderr, /was stopped: nothing was replaced/);
  t.same(readdirSync(join(state, ".restore")), []);
});

t.test("a restore that was cut off is settled by the next", async (t) => {
  const { from, state, restore } = bed(t);
  await restore("--from", from);
  const journal = join(state, ".restore/journal.json");
  writeFileSync(journal, readFileSync(journal, "utf8").replace('"done"', '"prepared"'));
  t.match(await restore("--from", from, "--dry-run"), {
    code: 1,
    stderr: /was cut off[^]*hint: .*settles it/,
  });
  const { stderr } = await restore("--undo");
  t.match(stderr, /a restore that was cut off is settled: the new state stands/);
});
