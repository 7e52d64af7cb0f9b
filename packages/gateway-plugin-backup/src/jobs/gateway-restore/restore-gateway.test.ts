import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { tarOf, type TarPart } from "../../archive/testing/tar-builder.js";
import { GatewayRestoreBench } from "../../test-support/gateway-restore-bench.js";
import { testGateway } from "../../test-support/gateway.js";
import { writeSet } from "../../test-support/gateway-set.js";
import { signingKeyFile } from "../signing-key.js";
import { newJobId, replacedVolumes } from "./restore-gateway.js";

const file = (name: string, content = "{}"): TarPart => ({ name, content });
const dir = (name: string, mode = 0o755): TarPart => ({ name, typeFlag: "5", mode });
const RECORD = "tenants/acme/tenant.json";
const STATE = tarOf(dir("state/", 0o555), file("state/openclaw.json"), file(`state/${RECORD}`));

function names(directory: string): string[] {
  return readdirSync(directory).sort();
}

function text(...path: string[]): string {
  return readFileSync(join(...path), "utf8");
}

/** A gateway's directories, and a set of them. */
async function backedUp(parent: string, { split = false } = {}) {
  const stateDir = join(parent, "old/state");
  const workspace = split ? join(parent, "old/workspace") : join(stateDir, "workspace");
  for (const directory of [workspace, join(stateDir, "tenants/acme/sessions")])
    mkdirSync(directory, { recursive: true });
  writeFileSync(join(workspace, "notes.md"), "notes");
  writeFileSync(join(stateDir, "openclaw.json"), "{}");
  writeFileSync(join(stateDir, RECORD), "{}");
  writeFileSync(join(stateDir, "tenants/acme/sessions/a.jsonl"), "one\n");
  const parts = { "@state": stateDir, ...(split ? { "@workspace": workspace } : {}) };
  return { stateDir, ...(await writeSet(join(parent, "sets"), parts)) };
}

t.test("a set comes back into an empty state directory", async (t) => {
  const parent = t.testdir();
  const { stateDir, directory: set, keyId, createdAt } = await backedUp(parent);
  const bench = new GatewayRestoreBench(parent);
  const progress: unknown[] = [];
  const checked = await bench.restore({ from: set, dryRun: true });
  t.match(checked, { dryRun: true, hadIndex: true, replaced: false });
  t.same(names(bench.root), [], "a dry run writes nothing");
  const result = await bench.restore({ from: set }, { onProgress: (now) => progress.push(now) });
  t.match(result, {
    dryRun: false,
    from: `${set}/`,
    tenants: 1,
    replaced: false,
    hadIndex: true,
    signedBy: { trust: "stranger", keyId },
    totals: checked.totals,
    warnings: [],
  });
  t.equal(result.undoUntil, new Date(bench.time.now() + 24 * 3_600_000).toISOString());
  for (const path of [RECORD, "tenants/acme/sessions/a.jsonl", "openclaw.json", "workspace/notes.md"])
    t.equal(text(bench.root, path), text(stateDir, path), path);
  t.match(JSON.parse(text(bench.root, "backup/post-restore.json")), {
    job: result.job,
    from: `${set}/`,
    createdAt,
    restoredAt: new Date(bench.time.now()).toISOString(),
    expected: { tenants: 1, files: result.totals.files, bytes: result.totals.contentBytes },
  });
  t.notOk(existsSync(join(bench.root, "backup/keys")), "the private key is in no archive");
  t.match(progress, [{ part: "state" }]);
});

t.test("a split gateway comes back split, and in one piece where there is one volume", async (t) => {
  const parent = t.testdir();
  const { stateDir, directory: set } = await backedUp(parent, { split: true });
  const split = new GatewayRestoreBench(parent, { workspace: "workspace" });
  const result = await split.restore({ from: set });
  t.equal(text(String(split.workspace), "notes.md"), "notes");
  t.notOk(existsSync(join(split.root, "workspace")));
  t.match(result, { tenants: 1, warnings: [] });
  const whole = new GatewayRestoreBench(parent);
  await whole.restore({ from: `${set}/` });
  t.equal(text(whole.root, "workspace/notes.md"), "notes");
  t.equal(text(whole.root, RECORD), text(stateDir, RECORD));
  t.match(await whole.restore({ from: set, dryRun: true }), { replaced: true, hadIndex: true });
  t.match(await split.restore({ from: set, dryRun: true }), { replaced: true });
  const elsewhere = new GatewayRestoreBench(parent, { wanted: "/data/workspace" });
  await t.rejects(elsewhere.restore({ from: set }), {
    code: "WORKSPACE_ELSEWHERE",
    exitCode: 4,
    message: /lies in \/data\/workspace, and here it would be restored into the state directory/,
  });
  t.same(names(elsewhere.root), [".restore"]);
  t.same(names(join(elsewhere.root, ".restore")), [], "nothing of it stays");
});

t.test("a state in one piece is split where the workspace has a volume", async (t) => {
  const parent = t.testdir();
  const { directory: set } = await backedUp(parent);
  const bench = new GatewayRestoreBench(parent, { workspace: "state/workspace" });
  await bench.restore({ from: set });
  t.equal(text(bench.root, "workspace/notes.md"), "notes");
  t.ok(existsSync(join(bench.root, "workspace/.restore")), "it is a volume of its own");
});

t.test("one archive of a set is enough, but for a workspace's", async (t) => {
  const parent = t.testdir();
  const { directory: set } = await backedUp(parent, { split: true });
  const bench = new GatewayRestoreBench(parent);
  t.match(await bench.restore({ from: join(set, "state.tar.zst"), dryRun: true }), { hadIndex: true });
  await t.rejects(bench.restore({ from: join(set, "workspace.tar.zst"), dryRun: true }), {
    code: "NO_STATE_IN_ARCHIVE",
    message: /is of the gateway's workspace/,
  });
  writeFileSync(join(set, "state.tar.zst"), readFileSync(join(set, "workspace.tar.zst")));
  const manifest = JSON.parse(text(set, "backup.json")) as { parts: [{ size: number }, { size: number }] };
  const [state, workspace] = manifest.parts;
  state.size = workspace.size;
  writeFileSync(join(set, "backup.json"), JSON.stringify(manifest));
  await t.rejects(bench.restore({ from: set, dryRun: true }), {
    code: "ARCHIVE_DAMAGED",
    message: /is not the archive that its backup\.json names/,
  });
});

t.test("a tenant's archive is no gateway's", async (t) => {
  const parent = t.testdir();
  const gateway = await testGateway(t, { localRoots: [parent] }, join(parent, "old"));
  await gateway.tenant("acme");
  const to = join(parent, "acme.tar.zst");
  await gateway.job("/api/admin/tenants/acme/backups", { to });
  const bench = new GatewayRestoreBench(parent);
  await t.rejects(bench.restore({ from: to }), {
    code: "NO_STATE_IN_ARCHIVE",
    exitCode: 2,
    message: /is of tenant acme/,
    hint: /tenants restore --from .*acme\.tar\.zst/,
  });
});

t.test("a state that is there is replaced by force only, and kept", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({
    "state.tar": STATE,
    "state/old.json": "old",
    "state/a": "",
    "state/b": "",
    "state/c": "",
    "state/d": "",
    "state/e": "",
  });
  await t.rejects(bench.restore({ from }), {
    code: "STATE_NOT_EMPTY",
    exitCode: 4,
    message: /holds a state: a, b, c, d, e and 1 more\./,
    hint: /--force/,
  });
  const { warnings, replaced, hadIndex, createdAt, job = "" } = await bench.restore({ from, force: true });
  t.same({ replaced, hadIndex, createdAt }, { replaced: true, hadIndex: false, createdAt: undefined });
  t.match(warnings, [{ code: "NO_INDEX" }]);
  t.same(names(bench.root), [".restore", "backup", "openclaw.json", "tenants"]);
  t.ok(existsSync(join(bench.root, ".restore", job, "replaced/old.json")));
  await bench.restores.undo({ job: newJobId(bench.time), at: 1, volumes: replacedVolumes(bench.gateway) });
  t.ok(existsSync(join(bench.root, "old.json")));
});

t.test("what stands on a workspace's volume counts, too", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir(), { workspace: "workspace" });
  const from = bench.files({ "state.tar": STATE, "workspace/notes.md": "now" });
  await t.rejects(bench.restore({ from, limitDownload: "1GiB" }), {
    code: "STATE_NOT_EMPTY",
    message: new RegExp(`holds a state: ${String(bench.workspace)}/notes\\.md\\.`),
  });
});

t.test("archives that lie in the state directory outlive a restore, the source among them", async (t) => {
  const parent = t.testdir();
  const bench = new GatewayRestoreBench(parent);
  const { root } = bench;
  const config = {
    ...bench.gateway.config,
    localRoots: [join(root, "roots"), join(root, "empty")],
    destinations: { near: { url: join(root, "data/near") }, far: { url: "s3://bucket/x" } },
  };
  bench.files({
    "state/backups/a.tar.zst": "kept",
    "state/roots/b": "kept",
    "state/data/near/c": "kept",
    "state/data/other": "old",
    "state/state.tar": tarOf(
      dir("state/"),
      file("state/openclaw.json"),
      file("state/backups/a.tar.zst", "archived"),
      file("state/data/new"),
    ),
  });
  mkdirSync(join(root, "empty"));
  const { warnings } = await bench.with({ config }).restore({ from: join(root, "state.tar"), force: true });
  t.match(warnings, [{ code: "NO_INDEX" }], "what stands there already is not even extracted");
  t.same(names(root), [".restore", "backup", "backups", "data", "openclaw.json", "roots", "state.tar"]);
  t.equal(text(root, "backups/a.tar.zst"), "kept");
  t.same(names(join(root, "data")), ["near", "new"]);
});

t.test("archives in a tar come back where there are none", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({
    "state.tar": tarOf(dir("./"), file("./openclaw.json"), file("./backups/a.tar.zst", "archived")),
  });
  mkdirSync(join(bench.root, "backups"));
  await bench.restore({ from });
  t.equal(text(bench.root, "backups/a.tar.zst"), "archived");
});

t.test("of our own archive, too, what would fall on something that stays is left out", async (t) => {
  const parent = t.testdir();
  const { directory: set } = await backedUp(parent);
  const bench = new GatewayRestoreBench(parent);
  bench.files({ "state/tenants/acme/a": "archives" });
  const kept = join(bench.root, "tenants/acme");
  const config = { ...bench.gateway.config, localRoots: [kept] };
  const { warnings } = await bench.with({ config }).restore({ from: set, force: true });
  t.match(warnings, [{ code: "KEPT", message: new RegExp(`^${kept} stays`) }]);
  t.same(names(kept), ["a"]);
});

t.test("private keys stay where the archive has none", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const keys = { "state/backup/keys/signing-key.pem": "old key", "state/tls.key": "old tls key" };
  const from = bench.files({
    "state.tar": tarOf(dir("s/"), file("s/openclaw.json"), file("s/tls.key", "archived")),
    ...keys,
  });
  await bench.restore({ from, force: true });
  t.equal(text(bench.root, "backup/keys/signing-key.pem"), "old key");
  t.equal(statSync(join(bench.root, "backup/keys/signing-key.pem")).mode & 0o777, 0o600);
  t.equal(text(bench.root, "tls.key"), "archived");
});

t.test("a signature can be asked for", async (t) => {
  const parent = t.testdir();
  const { directory: set, keyId, signingKey } = await backedUp(parent);
  const bench = new GatewayRestoreBench(parent);
  const refused = { code: "SIGNATURE_REQUIRED", exitCode: 7 };
  await t.rejects(bench.restore({ from: set, dryRun: true, requireSignature: true }), refused);
  await t.rejects(bench.restore({ from: set, dryRun: true, trust: ["ed25519:other"] }), refused);
  t.match(await bench.restore({ from: set, dryRun: true, trust: [keyId] }), {
    signedBy: { trust: "trusted", keyId },
  });
  const { signatures } = bench.gateway.config;
  const strict = new GatewayRestoreBench(parent, {
    config: { signatures: { ...signatures, require: true, trusted: [keyId] } },
  });
  t.match(await strict.restore({ from: set, dryRun: true }), { signedBy: { trust: "trusted", keyId } });
  const from = bench.files({ "loose/openclaw.json": "{}" });
  await t.rejects(bench.restore({ from: join(from, ".."), dryRun: true, requireSignature: true }), refused);
  mkdirSync(join(bench.root, "backup/keys"), { recursive: true });
  const own = signingKeyFile(join(bench.root, "backup"));
  writeFileSync(own, signingKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  t.match(await bench.restore({ from: set, dryRun: true, requireSignature: true }), {
    signedBy: { trust: "own" },
  });
});

t.test("loose files come back, with what `rclone copy --links` has made of links", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  bench.files({
    "loose/openclaw.json": "{}",
    [`loose/${RECORD}`]: "{}",
    "loose/workspace/latest.rclonelink": "../openclaw.json",
    "loose/workspace/out.rclonelink": "/etc/passwd",
  });
  const result = await bench.restore({ from: join(bench.directory, "loose") });
  t.match(result, { hadIndex: false, tenants: 1, totals: { files: 2, symlinks: 1 } });
  t.match(result.warnings, [{ code: "LINK_ESCAPES", message: /^workspace\/out: / }, { code: "NO_INDEX" }]);
  t.equal(text(bench.root, "workspace/latest"), "{}");
  t.equal(statSync(join(bench.root, RECORD)).mode & 0o777, 0o600);
});

t.test("more links than a list can bear are counted", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const links = Array.from({ length: 1002 }, (_, n) => ({ name: `s/l${n}`, typeFlag: "2", target: "/etc" }));
  const from = bench.files({ "state.tar": tarOf(dir("s/"), file("s/openclaw.json"), ...links) });
  const { warnings } = await bench.restore({ from, dryRun: true });
  t.equal(warnings.length, 1000 + 2);
  t.match(warnings[1000], { message: /^2 more links/ });
});

t.test("a restore that fails, or is stopped, leaves everything as it was", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({
    "state.tar": tarOf(dir("s/"), file("s/openclaw.json"), { name: "s/device", typeFlag: "3" }),
    "good.tar": STATE,
    "state/old": "old",
  });
  await t.rejects(bench.restore({ from, force: true }), { code: "UNSAFE_ENTRY", exitCode: 7 });
  const abort = new AbortController();
  const stopped = bench.restore(
    { from: join(bench.directory, "good.tar"), force: true },
    { signal: abort.signal, onProgress: () => abort.abort() },
  );
  await t.rejects(stopped, { code: "JOB_CANCELLED" });
  t.same(names(bench.root), [".restore", "old"]);
  t.same(names(join(bench.root, ".restore")), []);
});

t.test("what could not be settled stays, to be settled", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({ "state.tar": STATE });
  const restores = {
    standing: () => Promise.resolve([]),
    forget: () => Promise.resolve([]),
    stage: (...given: Parameters<typeof bench.restores.stage>) => bench.restores.stage(...given),
    swap: () => Promise.reject(Object.assign(new Error("stuck"), { code: "RESTORE_UNSETTLED" })),
  };
  await t.rejects(bench.with({ restores }).restore({ from }), { code: "RESTORE_UNSETTLED" });
  const [job = ""] = names(join(bench.root, ".restore"));
  t.ok(existsSync(join(bench.root, ".restore", job, "new/openclaw.json")));
});

t.test("what earlier restores have left is removed first", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({ "state.tar": STATE, "state/.restore/g1/new/a": "staged in vain" });
  const { job = "" } = await bench.restore({ from });
  t.same(names(join(bench.root, ".restore")), [job, "journal.json"].sort());
});

t.test("the default destination is looked at where nothing is said", async (t) => {
  const parent = t.testdir();
  const { directory: set } = await backedUp(parent);
  const bench = new GatewayRestoreBench(parent);
  mkdirSync(join(bench.root, "backups"));
  renameSync(set, join(bench.root, "backups/2026-03-07T02-00-00Z"));
  t.match(await bench.restore({}), { from: join(bench.root, "backups/2026-03-07T02-00-00Z/"), tenants: 1 });
  t.same(names(join(bench.root, "backups")), ["2026-03-07T02-00-00Z"]);
});

t.test("a state is not restored from itself", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  bench.files({ "state/openclaw.json": "{}" });
  await t.rejects(bench.restore({ from: bench.root, force: true }), {
    code: "LOCATION_INVALID",
    message: /is what is to be replaced/,
  });
});

t.test("an archive that goes away is missed", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({ "state.tar": STATE });
  const standing = (): Promise<string[]> => {
    renameSync(from, `${from}.moved`);
    return Promise.resolve([]);
  };
  const restores = { ...bench.gateway.restores, standing };
  await t.rejects(bench.with({ restores }).restore({ from, dryRun: true }), { code: "ARCHIVE_NOT_FOUND" });
});
