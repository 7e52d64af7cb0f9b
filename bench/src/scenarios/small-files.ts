import { formatCount } from "../report/format.js";
import { inTurn, rounds } from "../scenario.js";
import type { Scenario } from "../scenario.js";
import { addSmallFiles } from "../tenant/special-tenants.js";
import { RESTIC, TAR_ZSTD_LOCAL } from "../tools/shell-tools.js";
import { firstBackups, noteField } from "./first-backup.js";
import { noteMode, UNCHANGED } from "./later-backup.js";
import { restores } from "./restore.js";

export const smallFiles: Scenario = {
  id: "small-files",
  title: "Very many small files",
  about:
    "Files of 200 bytes to 4 KB, a thousand in a directory, on local disk: a first backup, a second one of the unchanged tenant, a restore.",
  settings: (options) =>
    `${formatCount(options.smallFiles)} files, ${options.rounds} ${options.rounds === 1 ? "round" : "rounds"}`,
  run: async (lab, notebook) => {
    const field = await lab.field("local", {
      rivals: [RESTIC, TAR_ZSTD_LOCAL],
      fill: (directory) => addSmallFiles(directory, lab.options.smallFiles),
    });
    try {
      noteField(field, notebook);
      for (const round of rounds(lab.options.rounds)) {
        await firstBackups(lab, notebook, field.contestants, round);
        await inTurn(lab, notebook, field.contestants, {
          name: UNCHANGED,
          round,
          work: (contestant, watch) => contestant.backup(watch),
        });
        noteMode(field, notebook);
        await restores(lab, notebook, field.contestants, round);
      }
    } finally {
      await field.close();
    }
  },
};
