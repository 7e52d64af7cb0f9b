/** The whole gateway is backed up through the command line: while it runs, while it is down, and what other tools make of it. */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { run } from "./support/run.js";
import { diffTrees } from "./support/tree-diff.js";

interface SetJob {
  readonly state: string;
  readonly warnings: readonly unknown[];
  readonly result: {
    readonly location: string;
    readonly size: number;
    readonly parts: readonly { readonly name: string; readonly location: string; readonly size: number }[];
  };
}

interface SetList {
  readonly sets: readonly { readonly kind: string; readonly state: string; readonly location: string }[];
}

const SCALE = { seed: 11, files: 200, bytes: 8_000_000 };

/** A bed whose workspace is a volume of its own. */
async function withWorkspace(t: Test, env: NodeJS.ProcessEnv = {}): Promise<{ bed: Bed; workspace: string }> {
  const directory = temporaryDirectory(t);
  const workspace = join(directory, "volume");
  mkdirSync(workspace);
  writeFileSync(join(workspace, "notes.md"), "# notes\n");
  const bed = await Bed.start(t, { directory, env: { ...env, OPENCLAW_WORKSPACE_DIR: workspace } });
  return { bed, workspace };
}

async function backUp(bed: Bed, ...flags: readonly string[]): Promise<SetJob> {
  return (await bed.cli.json(["gateway", "backup", ...flags])) as SetJob;
}

async function list(bed: Bed, ...flags: readonly string[]): Promise<SetList["sets"]> {
  return ((await bed.cli.json(["gateway", "backups", ...flags])) as SetList).sets;
}

/** Unpacks an archive as a person without this program does. */
async function untar(t: Test, file: string): Promise<string> {
  const into = temporaryDirectory(t);
  const result = await run("sh", ["-c", `zstd -dc "${file}" | tar -x -C "${into}"`]);
  t.equal(result.code, 0, result.stderr);
  return into;
}

await t.test("a running gateway is backed up, twice to one size, and any tar opens it", async (t) => {
  const { bed, workspace } = await withWorkspace(t);
  const { token } = await bed.createFilledTenant("acme", SCALE);
  await bed.backup("acme");
  const first = await backUp(bed);
  t.match(first, {
    state: "succeeded",
    warnings: [],
    result: { parts: [{ name: "state" }, { name: "workspace" }] },
  });
  const second = await backUp(bed);
  const growth = second.result.size - first.result.size;
  t.ok(Math.abs(growth) < 16_384, `${first.result.size} bytes, then ${growth} more`);

  const [state, volume] = second.result.parts.map(({ location }) => location);
  const tree = await untar(t, state ?? "");
  const { stateDirectory } = bed.gateway;
  for (const kept of ["sessions", "channels", "credentials", "workspace"])
    t.strictSame(
      diffTrees(join(stateDirectory, "tenants/acme", kept), join(tree, "state/tenants/acme", kept)).filter(
        // A tar header has whole seconds.
        ({ aspect }) => aspect !== "mtime",
      ),
      [],
      kept,
    );
  t.strictSame(readdirSync(join(tree, "state")).sort(), [
    ...["audit", "backup", "openclaw.json", "tenant-records", "tenants"],
  ]);
  t.strictSame(readdirSync(join(tree, "state/backup")), ["ledger.sqlite"]);
  const notes = join(await untar(t, volume ?? ""), "workspace/notes.md");
  t.equal(readFileSync(notes, "utf8"), readFileSync(join(workspace, "notes.md"), "utf8"));
  t.match(readFileSync(second.result.location, "utf8"), /"format": "openclaw-gateway-backup"/);

  const verify = (await bed.cli.json(["backups", "verify", "@gateway"])) as { state: string };
  t.equal(verify.state, "succeeded");
  t.match(await list(bed), [{ state: "complete" }, { state: "complete" }]);
  t.match(await bed.cli.ok(["gateway", "backups"]), /complete .*state, workspace/);
  t.match(await bed.cli.ok(["gateway", "prune", "--keep-last", "1"]), /1 backup .* removed, 1 kept/);
  t.equal(await bed.whoami(token), "acme");
});

await t.test(
  "the last backup is made while the gateway is down, and it knows of it afterwards",
  async (t) => {
    const { bed } = await withWorkspace(t);
    await bed.createTenant("acme");
    const env = {
      OPENCLAW_STATE_DIR: bed.gateway.stateDirectory,
      OPENCLAW_WORKSPACE_DIR: join(bed.directory, "volume"),
      OPENCLAW_GATEWAY_TOKEN: "",
    };
    const offline = ["gateway", "backup", "--pre-delete", "--offline", "--to", `${bed.archives}/`];
    const busy = await bed.cli.run(offline, { env });
    t.match(busy, { code: 4, stderr: /another gateway|Another gateway/ });
    await bed.gateway.kill();
    const made = await bed.cli.json(offline, { env });
    t.match(made, { state: "succeeded", result: { kind: "pre-delete", parts: [{}, {}] } });
    t.match(await bed.cli.run(offline, { env }), { code: 0, stdout: /gateway: .*pre-delete\/backup\.json/ });
    t.equal(readdirSync(join(bed.archives, "pre-delete")).length, 3);
    const nowhere = { ...env, OPENCLAW_STATE_DIR: join(bed.directory, "nowhere") };
    t.match(await bed.cli.run(offline, { env: nowhere }), {
      code: 3,
      stderr: /no gateway's state directory/,
    });
    await bed.restart();
    t.match(await list(bed), [{ kind: "pre-delete", state: "complete" }]);
    t.match(await list(bed, "--to", `${bed.archives}/`), [{ kind: "pre-delete", state: "complete" }]);
  },
);

const s3 = await s3ForTests(t);
if (s3 !== undefined)
  await t.test("a set in S3 stands as its layout has it, below the gateway's prefix", async (t) => {
    const bucket = await s3.newBucket();
    const { bed } = await withWorkspace(t, { ...s3.environment(bucket), S3_PREFIX: "prod/eu1" });
    await bed.createFilledTenant("acme", SCALE);
    const { result } = await backUp(bed);
    await backUp(bed, "--pre-delete");
    const keys = (await s3.objects(bucket)).map(({ key }) => key).sort();
    const shape = keys.map((key) => key.replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ/, "TIME"));
    t.strictSame(shape, [
      ...["backup.json", "state.tar.zst", "workspace.tar.zst"].map((name) => `prod/eu1/TIME/${name}`),
      ...["TIME.state.tar.zst", "TIME.workspace.tar.zst", "backup.json"].map(
        (name) => `prod/eu1/pre-delete/${name}`,
      ),
    ]);
    const key = result.parts[0]?.location.slice(`s3://${bucket}/`.length) ?? "";
    const file = join(temporaryDirectory(t), "state.tar.zst");
    writeFileSync(file, await s3.get(bucket, key));
    const tree = await untar(t, file);
    t.ok(readdirSync(join(tree, "state/tenants/acme")).includes("tenant.json"));
    t.same(await s3.unfinishedUploads(bucket), []);
  });
