import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { mustRun } from "./support/run.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

const scale = { seed: 4, files: 300, bytes: 12_000_000 };

t.test("--force replaces a tenant, --undo gives back exactly what was there", async (t) => {
  const bed = await Bed.start(t);
  const { token, databases } = await bed.createFilledTenant("acme", scale);
  const live = bed.gateway.tenantDirectory("acme");
  const archive = join(bed.archives, "acme.tar.zst");
  await bed.backup("acme", "--to", archive);
  const asArchived = join(bed.directory, "as-archived");
  await mustRun("cp", ["-a", live, asArchived]);

  changeTenant(live);
  const asChanged = join(bed.directory, "as-changed");
  await mustRun("cp", ["-a", live, asChanged]);

  const forced = await bed.restore("--from", archive, "--force");
  t.equal(forced.result.replaced, true);
  t.equal(forced.result.token, "kept");
  t.equal(
    describeDifferences(unexplainedDifferences({ source: asArchived, restored: live, databases })),
    "",
    "the tenant is as it was archived",
  );
  t.equal(await bed.whoami(token), "acme");

  const undone = await bed.restore("--undo", forced.result.undo ?? forced.id);
  t.equal(undone.state, "succeeded");
  t.equal(describeDifferences(diffTrees(asChanged, live)), "", "nothing at all differs, times included");
  t.equal(await bed.whoami(token), "acme");

  await t.test("the undo of an undo brings the restored tenant back", async (t) => {
    const again = await bed.restore("--undo", undone.result.undo ?? undone.id);
    t.equal(again.state, "succeeded");
    t.equal(
      describeDifferences(unexplainedDifferences({ source: asArchived, restored: live, databases })),
      "",
    );
  });
});

t.test("a rotated token does not come back to life, unless it is asked for", async (t) => {
  const bed = await Bed.start(t);
  const oldToken = await bed.createTenant("acme");
  const archive = join(bed.archives, "acme.tar.zst");
  await bed.backup("acme", "--to", archive);
  const { token: newToken } = (await bed.cli.json(["tenants", "token", "rotate", "acme"])) as {
    token: string;
  };
  t.equal(await bed.whoami(oldToken), 401);

  await bed.restore("--from", archive, "--force");
  t.equal(await bed.whoami(oldToken), 401);
  t.equal(await bed.whoami(newToken), "acme");

  const { result } = await bed.restore("--from", archive, "--force", "--token", "archive");
  t.equal(result.token, "archive");
  t.equal(await bed.whoami(oldToken), "acme");
  t.equal(await bed.whoami(newToken), 401);
});

t.test("the undo of a restore into an empty slot empties it again", async (t) => {
  const bed = await Bed.start(t);
  const token = await bed.createTenant("acme");
  const archive = join(bed.archives, "acme.tar.zst");
  await bed.backup("acme", "--to", archive);
  await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
  const restored = await bed.restore("--from", archive);
  t.equal(await bed.whoami(token), "acme");
  await bed.restore("--undo", restored.result.undo ?? restored.id);
  t.notOk(existsSync(bed.gateway.tenantDirectory("acme")));
  t.equal(await bed.whoami(token), 401);
});

t.test("a damaged archive leaves the tenant as it was, and nothing behind", async (t) => {
  const bed = await Bed.start(t);
  const { token } = await bed.createFilledTenant("acme", { ...scale, files: 120, bytes: 8_000_000 });
  const live = bed.gateway.tenantDirectory("acme");
  const archive = join(bed.archives, "acme.tar.zst");
  await bed.backup("acme", "--to", archive);
  const before = join(bed.directory, "before");
  await mustRun("cp", ["-a", live, before]);
  const bytes = readFileSync(archive);

  const middle = Buffer.from(bytes);
  middle.writeUInt8(middle.readUInt8(middle.length >> 1) ^ 1, middle.length >> 1);
  for (const [what, damaged] of [
    ["a flipped bit", middle],
    ["a missing end", bytes.subarray(0, -1000)],
    ["a missing half", bytes.subarray(0, bytes.length >> 1)],
    ["bytes behind the end", Buffer.concat([bytes, Buffer.from("more")])],
    ["no bytes at all", Buffer.alloc(0)],
  ] as const) {
    writeFileSync(archive, damaged);
    const refused = await bed.cli.run(["tenants", "restore", "--from", archive, "--force"]);
    t.equal(refused.code, 7, `${what}: ${refused.stderr}`);
    t.match(refused.stderr, /^hint: /m, what);
    t.equal(describeDifferences(diffTrees(before, live)), "", what);
    t.same(await stagingEntries(bed), [], what);
  }
  t.equal(await bed.whoami(token), "acme");
});

/** What a tenant does between two backups: files go, come, grow and change their mode. */
function changeTenant(directory: string): void {
  rmSync(join(directory, "workspace/media"), { recursive: true });
  cpSync(join(directory, "workspace/projects"), join(directory, "workspace/projects-copy"), {
    recursive: true,
  });
  appendFileSync(join(directory, "usage/2025-06-01.jsonl"), '{"cost":1}\n');
  writeFileSync(join(directory, "workspace/odd/empty"), "no longer empty");
  writeFileSync(join(directory, "only-in-the-changed-tenant"), "", { mode: 0o640 });
}

async function stagingEntries(bed: Bed): Promise<string[]> {
  const listing = await mustRun("find", [join(bed.gateway.tenantsDirectory, ".staging"), "-mindepth", "1"]);
  return listing.split("\n").filter((line) => line !== "");
}
