import type { Lab } from "../lab.js";
import { inTurn, rounds } from "../scenario.js";
import type { Notebook, Scenario } from "../scenario.js";
import type { Contestant } from "../tools/contestant.js";
import type { Place } from "../tools/place.js";
import { describeTenant } from "./describe.js";
import { firstBackups, noteField } from "./first-backup.js";

export const RESTORE = "restore";

export function restore(kind: Place["kind"]): Scenario {
  return {
    id: `restore-${kind}`,
    title: kind === "local" ? "Restore from local disk" : "Restore from S3",
    about:
      "Each tool restores its backup into an empty directory; this project makes a tenant that serves, under another name. It checks " +
      "every hash and has all on disk (syncfs) before it says so; tar leaves that to the kernel, which is what the line with `sync -f` is for.",
    settings: describeTenant,
    run: async (lab, notebook) => {
      const field = await lab.field(kind);
      try {
        noteField(field, notebook);
        await firstBackups(lab, notebook, field.contestants);
        for (const round of rounds(lab.options.rounds)) {
          await restores(lab, notebook, field.contestants, round);
        }
      } finally {
        await field.close();
      }
    },
  };
}

/** Each restores its last backup. */
export function restores(
  lab: Lab,
  notebook: Notebook,
  contestants: readonly Contestant[],
  round: number,
): Promise<void> {
  return inTurn(lab, notebook, contestants, {
    name: RESTORE,
    round,
    work: (contestant, watch) => contestant.restore(watch),
    after: (contestant) => {
      contestant.setRestoredAside();
      return Promise.resolve({});
    },
  });
}
