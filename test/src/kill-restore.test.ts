import { rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { RestoreJob } from "./support/answers.js";
import { Bed } from "./support/bed.js";
import { becomesEmpty, startJob } from "./support/jobs.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { mustRun } from "./support/run.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

const scale = { seed: 5, files: 1200, bytes: 40_000_000 };

t.test(
  "a gateway killed at any point of a forced restore leaves the old tenant whole or the new one",
  async (t) => {
    const bed = await Bed.start(t);
    const { token, databases } = await bed.createFilledTenant("acme", scale);
    const live = bed.gateway.tenantDirectory("acme");
    const archive = join(bed.archives, "acme.tar.zst");
    await bed.backup("acme", "--to", archive);
    const asArchived = join(bed.directory, "as-archived");
    await mustRun("cp", ["-a", live, asArchived]);
    rmSync(join(live, "workspace/projects"), { recursive: true });
    writeFileSync(join(live, "workspace/changed"), "since the backup\n");
    const asChanged = join(bed.directory, "as-changed");
    await mustRun("cp", ["-a", live, asChanged]);

    // A restore that is left alone tells how long one takes here.
    const whole = await bed.restore("--from", archive, "--force");
    await bed.restore("--undo", whole.result.undo ?? whole.id);
    let { durationMs } = whole.result;

    const points: { readonly name: string; readonly moment: () => Promise<void> }[] = [
      ...Array.from({ length: 7 }, (_, n) => ({
        name: `after ${Math.round((n / 7) * 100)} % of its time`,
        moment: () => delay((durationMs * n) / 7),
      })),
      { name: "when the tenant's directory is first renamed", moment: () => renamed(bed, ["acme"]) },
      { name: "when the old tenant reaches the trash", moment: () => renamed(bed, [".trash"]) },
      { name: "just after the swap", moment: async () => (await renamed(bed, ["acme"]), delay(5)) },
    ];
    const ends: string[] = [];
    for (const { name, moment } of points) {
      await t.test(name, async (t) => {
        // The time limit is for a restore that ends without the awaited rename.
        const reached = Promise.race([moment(), delay(durationMs + 10_000, undefined, { ref: false })]);
        const job = await startJob<RestoreJob>(bed, "/api/admin/restores", { from: archive, force: true });
        await reached;
        await bed.gateway.kill();
        await bed.restart();

        const after = (await bed.get(`/api/admin/jobs/${job.id}`)) as RestoreJob;
        ends.push(after.state);
        if (after.state === "succeeded") {
          // Faster than the first one: the points that follow come sooner.
          durationMs = Math.min(durationMs, after.result.durationMs);
          const differences = unexplainedDifferences({ source: asArchived, restored: live, databases });
          t.equal(describeDifferences(differences), "", "the new tenant is whole");
          t.equal(await bed.whoami(token), "acme");
          // Back to the old one, which must have survived whole, for the next point.
          await bed.restore("--undo", job.id);
        } else {
          t.equal(after.state, "interrupted");
          t.ok(after.error?.message, "the job says what became of it");
          t.equal(await bed.whoami(token), "acme");
        }
        t.equal(describeDifferences(diffTrees(asChanged, live)), "", "the old tenant is whole");
        // What was left is removed while the gateway serves again.
        t.ok(await becomesEmpty(join(bed.gateway.tenantsDirectory, ".staging")), "nothing stays in staging");
      });
    }
    t.ok(
      ends.includes("interrupted") && ends.includes("succeeded"),
      "the points lie on both sides of the swap",
    );
    t.comment(`jobs after the kills: ${ends.join(", ")}`);
  },
);

/** Resolves at the first rename of, or in, one of these entries of the tenants' directory. */
function renamed(bed: Bed, names: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const watchers = [bed.gateway.tenantsDirectory, join(bed.gateway.tenantsDirectory, ".trash")].map(
      (directory) =>
        watch(directory, { persistent: false }, (event, file) => {
          const name = directory.endsWith(".trash") ? ".trash" : (file ?? "");
          if (event !== "rename" || !names.includes(name)) return;
          for (const watcher of watchers) watcher.close();
          resolve();
        }),
    );
  });
}
