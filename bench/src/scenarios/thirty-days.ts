import { unexplainedDifferences } from "@openclaw/test/support";
import { setTimeout as delay } from "node:timers/promises";
import { formatCount } from "../report/format.js";
import type { Field, Lab } from "../lab.js";
import type { BenchOptions } from "../options.js";
import { OURS } from "../results/results.js";
import { inTurn, rounds } from "../scenario.js";
import type { Notebook, Scenario } from "../scenario.js";
import { TenantLife } from "../tenant/life.js";
import { RESTIC, TAR_ZSTD_S3 } from "../tools/shell-tools.js";
import { describeTenant } from "./describe.js";
import { firstBackups, noteField } from "./first-backup.js";
import { AFTER_CHANGES_MS, noteMode } from "./later-backup.js";

export const DAY = "a day's backup";

export const LAST_DAY_RESTORED = "restore of the last day";

const LIFE_SEED = 30;

export const thirtyDays: Scenario = {
  id: "thirty-days",
  title: "Days of a tenant's life, backed up to S3",
  about:
    "A first backup, then each day: 5 % of the sessions are appended to, mostly recent ones, 20 begin, 100 files are edited in three " +
    "folders of the workspace, 1 % of the database's rows are added, 10 media files arrive; then every tool backs up. Old archives of " +
    "this project are pruned as the days go (the last two stay); in the end all but the last are removed, and that one is restored and compared. " +
    "Truly changed are appended bytes, added rows, and new and edited files as a whole.",
  settings: (options: BenchOptions) =>
    `${describeTenant({ ...options, rounds: 1 })} of ${formatCount(options.days)} days`,
  run: async (lab, notebook) => {
    const field = await lab.field("s3", { rivals: [RESTIC, TAR_ZSTD_S3] });
    try {
      noteField(field, notebook);
      const life = new TenantLife(field.source, LIFE_SEED);
      await delay(AFTER_CHANGES_MS);
      await firstBackups(lab, notebook, field.contestants);
      for (const day of rounds(lab.options.days)) {
        const changed = life.day();
        await delay(AFTER_CHANGES_MS);
        await inTurn(lab, notebook, field.contestants, {
          name: DAY,
          round: day,
          work: (contestant, watch) => contestant.backup(watch),
          after: async (contestant) => {
            if (contestant === field.ours) await field.ours.prune(2);
            return { changedBytes: changed.bytes, changedCompressedBytes: changed.compressedBytes };
          },
        });
        noteMode(field, notebook);
      }
      await restoreLast(lab, notebook, field);
    } finally {
      await field.close();
    }
  },
};

/** The last archive must not need any other. */
async function restoreLast(lab: Lab, notebook: Notebook, field: Field): Promise<void> {
  const { ours } = field;
  await notebook.attempt(ours, LAST_DAY_RESTORED, async () => {
    await ours.prune(1);
    const values = await lab.measure(() => ours.restore(), ours.standingPid());
    const differences = unexplainedDifferences({
      source: field.source,
      restored: ours.restoredDirectory,
      renamedTo: ours.restoredName,
      databases: field.tenant.databases,
    });
    for (const { path, aspect } of differences.slice(0, 5))
      notebook.note(`after the restore ${path} differs: ${aspect}`);
    const { ms = 0 } = values;
    notebook.record({
      tool: OURS,
      step: LAST_DAY_RESTORED,
      round: 1,
      values: { ms, differences: differences.length },
    });
    ours.setRestoredAside();
  });
}
