/** Trees that archivers trip over, through our writer, our restore, and GNU tar. */
import { statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { withPeakMemory } from "./measure/memory.js";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { writeOddTree } from "./support/odd-tree.js";
import type { OddTree } from "./support/odd-tree.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { mustRun } from "./support/run.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";
import type { Difference } from "./support/tree-diff.js";

const IS_LARGE = process.env["OPENCLAW_TEST_LARGE"] === "1";
const ENTRIES_IN_ONE = 30_000;
/** Of the gateway's process, whatever a tenant holds. */
const MAX_GATEWAY_BYTES = 400_000_000;

/** What the tree is meant to lose on its way through an archive. */
function isMeant(tree: OddTree, { path, aspect, right }: Difference): boolean {
  if ([...tree.escapingLinks, ...tree.specialFiles].includes(path)) return aspect === "only-left";
  return aspect === "target" && tree.rewrittenLinks.get(path) === right;
}

const needed = await missing({ programs: ["python3", "prlimit"] });
t.test(
  "an odd tree comes back as it was, with 256 open files for the whole gateway",
  { skip: needed },
  async (t) => {
    const bed = await Bed.start(t);
    await mustRun("prlimit", [`--pid=${bed.gateway.pid}`, "--nofile=256:256"]);
    const { databases } = await bed.createFilledTenant("acme", { seed: 5, files: 120, bytes: 6_000_000 });
    const source = bed.gateway.tenantDirectory("acme");
    const tree = writeOddTree(source, ENTRIES_IN_ONE);
    const backup = await bed.backup("acme", "--to", join(bed.archives, "odd.tar.zst"));

    await t.test("what is left out is reported by name, and only that", (t) => {
      const reported = backup.warnings.map(({ code, path }) => `${code} ${path}`).sort();
      t.strictSame(
        reported,
        [
          ...tree.escapingLinks.map((path) => `LINK_ESCAPES ${path}`),
          ...tree.specialFiles.map((path) => `SPECIAL_FILE ${path}`),
        ].sort(),
      );
      t.ok(backup.result.size < tree.sparseBytes / 4, "the holes of a sparse file take no room");
      t.end();
    });

    await t.test("through our restore", async (t) => {
      const { state } = await bed.restore("--from", backup.result.location, "--as", "copy");
      t.equal(state, "succeeded");
      const restored = bed.gateway.tenantDirectory("copy");
      const differences = unexplainedDifferences({ source, restored, renamedTo: "copy", databases });
      t.equal(describeDifferences(differences.filter((difference) => !isMeant(tree, difference))), "");
      const names = ["linked", "linked-2", "levels/linked-3"].map((name) =>
        statSync(join(restored, "workspace/tree", name)),
      );
      t.equal(new Set(names.map(({ ino }) => ino)).size, 3, "hard links come back as files of their own");
    });

    await t.test("through GNU tar", { skip: await missing({ programs: ["tar", "zstd"] }) }, async (t) => {
      const extracted = temporaryDirectory(t);
      await mustRun("tar", ["--zstd", "-xpf", backup.result.location, "-C", extracted]);
      // Its times are whole seconds in a range of their own; the content of databases is that of our copies.
      const differences = diffTrees(source, join(extracted, "tenants/acme")).filter(
        (difference) =>
          !isMeant(tree, difference) &&
          difference.aspect !== "mtime" &&
          difference.path !== "pty" &&
          !databases.some((database) => difference.path.startsWith(database)),
      );
      t.equal(describeDifferences(differences), "");
    });
  },
);

t.test("a dry run of a tenant lists every entry", async (t) => {
  const bed = await Bed.start(t);
  await bed.createFilledTenant("acme", { seed: 6, files: 60, bytes: 6_000_000 });
  const { totals } = (await bed.backup("acme", "--dry-run")).result;
  const lines = (await bed.cli.ok(["tenants", "backup", "acme", "--list", "--json"])).trimEnd().split("\n");
  const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
  t.equal(kinds.filter((kind) => kind === "include").length, totals.entries);
  t.equal(kinds.at(-1), "end");
  const shown = await bed.cli.ok(["tenants", "backup", "acme", "--dry-run"]);
  t.match(shown, /would be archived[^]*goes in:[^]*left out:[^]*terminal state[^]*largest:/);
});

if (IS_LARGE) {
  t.test("a million entries in one directory, and a file of 10 GB", { timeout: 3_600_000 }, async (t) => {
    const bed = await Bed.start(t);
    await bed.createTenant("million");
    const many = join(bed.gateway.tenantDirectory("million"), "workspace");
    for (let i = 0; i < 1_000_000; i++) writeFileSync(join(many, `${i}.txt`), String(i));
    await bed.createTenant("sparse");
    const large = join(bed.gateway.tenantDirectory("sparse"), "workspace/large");
    writeFileSync(large, "begins");
    truncateSync(large, 10_000_000_000);
    for (const id of ["million", "sparse"]) {
      const archive = join(bed.archives, `${id}.tar.zst`);
      const dryRun = await withPeakMemory(bed.gateway.pid, () => bed.backup(id, "--dry-run"));
      const backup = await withPeakMemory(bed.gateway.pid, () => bed.backup(id, "--to", archive));
      const restore = await withPeakMemory(bed.gateway.pid, () =>
        bed.restore("--from", archive, "--as", `${id}-2`),
      );
      t.equal(restore.value.state, "succeeded");
      t.same(restore.value.result.totals.files, backup.value.result.totals.files);
      for (const [what, { peakBytes, milliseconds }] of Object.entries({ dryRun, backup, restore })) {
        t.comment(
          `${id}: ${what} ${(milliseconds / 1000).toFixed(1)} s, peak ${Math.round(peakBytes / 1e6)} MB`,
        );
        t.ok(peakBytes < MAX_GATEWAY_BYTES, "memory stays within bounds");
      }
    }
    t.equal(statSync(join(bed.gateway.tenantDirectory("sparse-2"), "workspace/large")).size, 10_000_000_000);
  });
}
