import { formatBytes, formatCount } from "../report/format.js";
import { inTurn, rounds } from "../scenario.js";
import type { Notebook, Scenario } from "../scenario.js";
import type { FieldOptions, Lab } from "../lab.js";
import { addSparseFiles } from "../tenant/special-tenants.js";

export const USUAL = "backup of a usual tenant";
export const HOLES = "backup of a tenant of holes";

export const holes: Scenario = {
  id: "holes",
  title: "A very large tenant that is mostly holes",
  about:
    "Five sparse files with islands of text at random places, to local disk; and, for its memory, a usual tenant on the same gateway.",
  settings: ({ sparseBytes, bytes, files, rounds: count }) =>
    `${formatBytes(sparseBytes)} of holes; usual tenant of ${formatBytes(bytes)} in ${formatCount(files)} files; ${count} ${count === 1 ? "round" : "rounds"}`,
  run: async (lab, notebook) => {
    await backUp(lab, notebook, USUAL, {});
    await backUp(lab, notebook, HOLES, {
      fill: (directory) => addSparseFiles(directory, lab.options.sparseBytes),
    });
  },
};

async function backUp(lab: Lab, notebook: Notebook, step: string, options: FieldOptions): Promise<void> {
  const field = await lab.field("local", { ...options, rivals: [] });
  try {
    for (const round of rounds(lab.options.rounds)) {
      await inTurn(lab, notebook, [field.ours], {
        name: step,
        round,
        before: (contestant) => contestant.reset(),
        work: (contestant, watch) => contestant.backup(watch),
        after: async (contestant) => ({ storedBytes: await contestant.storedBytes() }),
      });
    }
  } finally {
    await field.close();
  }
}
