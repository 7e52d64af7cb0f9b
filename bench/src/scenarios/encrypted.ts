/** First backups with and without encryption. */
import { rounds } from "../scenario.js";
import type { Scenario } from "../scenario.js";
import { ENCRYPTING_TOOLS, SHELL_TOOLS, TAR_ZSTD_AGE, TAR_ZSTD_LOCAL } from "../tools/shell-tools.js";
import { describeTenant } from "./describe.js";
import { firstBackups, noteField } from "./first-backup.js";

export const OURS_ENCRYPTED = "this project, --recipient";
export const OURS_PIPED = "this project, --pipe age";

/** Nobody has its identity. */
const RECIPIENT = "age1g37cpv7nq6pmmp9jueqv8em6n4n0w9cvyvh42g4lu8cerrtcw98sz77zne";

export const encrypted: Scenario = {
  id: "encrypted",
  title: "Encrypted first backup to local disk",
  about:
    "First backups of the same tenant: not encrypted, encrypted by the gateway itself, and by the program `age` that the gateway runs. " +
    "Local disk, where nothing else takes as long.",
  settings: describeTenant,
  run: async (lab, notebook) => {
    const field = await lab.field("local", {
      tools: [...SHELL_TOOLS, ...ENCRYPTING_TOOLS],
      rivals: [TAR_ZSTD_LOCAL, TAR_ZSTD_AGE],
    });
    try {
      noteField(field, notebook);
      const [ours, ...rivals] = field.contestants;
      const contestants = [
        ...(ours === undefined ? [] : [ours]),
        field.ours.asking(OURS_ENCRYPTED, { recipients: [RECIPIENT] }),
        field.ours.asking(OURS_PIPED, { pipe: `age -r ${RECIPIENT}` }),
        ...rivals,
      ];
      for (const round of rounds(lab.options.rounds)) await firstBackups(lab, notebook, contestants, round);
    } finally {
      await field.close();
    }
  },
};
