/**
 * A gateway that is killed while it backs itself up: at every moment the place holds a complete set that any tool can open, and
 * the next start takes away, or lists, what there is besides.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { becomes, endOfJob, startJob } from "./support/jobs.js";
import { run } from "./support/run.js";

/** Spread over the time that a backup takes; with the pre-delete ones twice as many. */
const KILLS = 8;
const BACKUPS = "/api/admin/gateway/backups";

interface Manifest {
  readonly parts: readonly { readonly key: string; readonly size: number }[];
}

/** Directories with a backup.json, each checked to have what that names. */
function completeSets(place: string): string[] {
  return readdirSync(place)
    .map((name) => join(place, name))
    .filter((directory) => existsSync(join(directory, "backup.json")))
    .filter((directory) => {
      const { parts } = JSON.parse(readFileSync(join(directory, "backup.json"), "utf8")) as Manifest;
      return parts.every(({ key, size }) => statSync(join(directory, key)).size === size);
    })
    .sort();
}

/** Names of archives in a directory that its backup.json does not name, or that has none. */
function strays(directory: string): string[] {
  const manifest = join(directory, "backup.json");
  const { parts } = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as Manifest)
    : { parts: [] };
  const named = new Set(parts.map(({ key }) => key));
  return readdirSync(directory).filter((name) => name !== "backup.json" && !named.has(name));
}

await t.test("a complete set is there at every moment, and nothing else after the next start", async (t) => {
  const directory = temporaryDirectory(t);
  const workspace = join(directory, "volume");
  mkdirSync(workspace);
  writeFileSync(join(workspace, "large.bin"), Buffer.alloc(20_000_000, "workspace "));
  const bed = await Bed.start(t, { directory, env: { OPENCLAW_WORKSPACE_DIR: workspace } });
  await bed.createFilledTenant("acme", { seed: 3, files: 800, bytes: 30_000_000 });
  const to = `${bed.archives}/`;
  const started = performance.now();
  for (const preDelete of [false, true])
    await bed.cli.ok(["gateway", "backup", "--to", to, "--rehash", ...(preDelete ? ["--pre-delete"] : [])]);
  const clean = (performance.now() - started) / 2;
  for (let kill = 0; kill < KILLS; kill++)
    for (const preDelete of [false, true]) {
      const { id } = await startJob<{ readonly id: string }>(bed, BACKUPS, { to, preDelete, rehash: true });
      await delay((clean * (kill + 0.5)) / KILLS);
      await bed.gateway.kill();
      const after = completeSets(bed.archives);
      t.ok(after.length >= 2 && after.some((set) => set.endsWith("pre-delete")), `after kill ${kill}`);
      await bed.restart();
      const { state } = await endOfJob<{ readonly state: string }>(bed, id);
      const isSettled = (): Promise<boolean> =>
        Promise.resolve(
          readdirSync(bed.archives).every((name) => strays(join(bed.archives, name)).length === 0),
        );
      t.ok(await becomes(isSettled), "what was cut off is gone");
      const sets = async (): Promise<readonly { readonly state: string }[]> =>
        ((await bed.get(BACKUPS)) as { readonly sets: readonly { readonly state: string }[] }).sets;
      const isListed = async (): Promise<boolean> => (await sets()).every((set) => set.state === "complete");
      t.ok(await becomes(isListed), `nothing incomplete is listed; the job is ${state}`);
      t.equal((await sets()).length, completeSets(bed.archives).length);
    }
  for (const set of completeSets(bed.archives))
    for (const name of readdirSync(set).filter((file) => file.endsWith(".tar.zst"))) {
      const opened = await run("sh", ["-c", `zstd -dc "${join(set, name)}" | tar -t > /dev/null`]);
      t.equal(opened.code, 0, opened.stderr);
    }
  t.match(await bed.cli.json(["gateway", "backup", "--to", to]), { state: "succeeded" });
});
