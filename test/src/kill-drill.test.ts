import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";
import { becomes, becomesEmpty, startJob } from "./support/jobs.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";
import { mustRun } from "./support/run.js";

t.test("a gateway killed in a drill leaves no scratch directory behind, and no tenant changed", async (t) => {
  const bed = await Bed.start(t);
  await bed.createFilledTenant("acme", { seed: 5, files: 1500, bytes: 60_000_000 });
  const { result } = await bed.backup("acme");
  const live = bed.gateway.tenantDirectory("acme");
  const before = join(bed.directory, "before");
  await mustRun("cp", ["-a", live, before]);
  const staging = join(bed.gateway.tenantsDirectory, ".staging");
  const { id } = await startJob<{ readonly id: string }>(bed, "/api/admin/backups/drill", {
    archive: result.archiveId,
  });
  t.ok(await becomes(() => Promise.resolve(readdirSync(staging).length > 0)), "it restores");
  await bed.gateway.kill();
  t.ok(readdirSync(staging).length > 0, "cut off in the middle");
  await bed.restart();
  t.match(await bed.get(`/api/admin/jobs/${id}`), {
    state: "interrupted",
    error: { code: "JOB_INTERRUPTED" },
  });
  t.ok(await becomesEmpty(staging), "it is removed while the gateway serves again");
  t.strictSame(
    readdirSync(bed.gateway.tenantsDirectory).filter((name) => !name.startsWith(".")),
    ["acme"],
  );
  t.equal(describeDifferences(diffTrees(before, live)), "");
  t.match(await bed.cli.ok(["backups", "drill", "acme"]), /good;/);
});
