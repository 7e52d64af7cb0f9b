import type { Field, Lab } from "../lab.js";
import { inTurn, rounds } from "../scenario.js";
import type { Notebook, Scenario } from "../scenario.js";
import type { Contestant } from "../tools/contestant.js";
import type { Place } from "../tools/place.js";
import { describeTenant } from "./describe.js";

export const FIRST_BACKUP = "first backup";

export function firstBackup(kind: Place["kind"]): Scenario {
  return {
    id: `first-${kind}`,
    title: kind === "local" ? "First backup to local disk" : "First backup to S3",
    about:
      "Each tool backs the same tenant up into an empty place, knowing nothing of an earlier backup. " +
      "This project fsyncs the archive and reads its index back before it reports success; tar does not.",
    settings: describeTenant,
    run: async (lab, notebook) => {
      const field = await lab.field(kind);
      try {
        noteField(field, notebook);
        for (const round of rounds(lab.options.rounds)) {
          await firstBackups(lab, notebook, field.contestants, round);
        }
      } finally {
        await field.close();
      }
    },
  };
}

/** One first backup of each. */
export function firstBackups(
  lab: Lab,
  notebook: Notebook,
  contestants: readonly Contestant[],
  round = 1,
): Promise<void> {
  return inTurn(lab, notebook, contestants, {
    name: FIRST_BACKUP,
    round,
    before: (contestant) => contestant.reset(),
    work: (contestant, watch) => contestant.backup(watch),
    after: async (contestant) => ({ storedBytes: await contestant.storedBytes() }),
  });
}

/** Who is missing, and how the rivals are called. */
export function noteField(field: Field, notebook: Notebook): void {
  for (const line of field.missing) notebook.note(line);
  for (const { name, commands } of field.contestants) {
    for (const [what, command] of Object.entries(commands)) notebook.commands[`${name}, ${what}`] = command;
  }
}
