/** Backups of a tenant that was backed up before: unchanged, and with changes at random. */
import { setTimeout as delay } from "node:timers/promises";
import type { Field } from "../lab.js";
import { inTurn, rounds } from "../scenario.js";
import type { Notebook, Scenario } from "../scenario.js";
import { TenantLife } from "../tenant/life.js";
import type { Place } from "../tools/place.js";
import { describeTenant } from "./describe.js";
import { firstBackups, noteField } from "./first-backup.js";

export const UNCHANGED = "unchanged";
export const RANDOM = "1 % changed";

/** A file that changed less than two seconds before it was read is read again the next time: in life, a day passes. */
export const AFTER_CHANGES_MS = 2500;
const LIFE_SEED = 4;
const RANDOM_SHARE = 0.01;

export function unchangedBackup(kind: Place["kind"]): Scenario {
  return {
    id: `unchanged-${kind}`,
    title:
      kind === "local"
        ? "Second backup to local disk, nothing changed"
        : "Second backup to S3, nothing changed",
    about:
      "After a first backup (in the table as well, once), each round backs up again what has not changed. The line of the command " +
      "line is this project's second backup with the start of its command's process.",
    settings: describeTenant,
    run: async (lab, notebook) => {
      const field = await lab.field(kind);
      try {
        noteField(field, notebook);
        await delay(AFTER_CHANGES_MS);
        await firstBackups(lab, notebook, field.contestants);
        const contestants = [
          ...field.contestants.slice(0, 1),
          field.ours.byCommand(),
          ...field.contestants.slice(1),
        ];
        for (const round of rounds(lab.options.rounds)) {
          await inTurn(lab, notebook, contestants, {
            name: UNCHANGED,
            round,
            work: (contestant, watch) => contestant.backup(watch),
          });
          noteMode(field, notebook);
        }
      } finally {
        await field.close();
      }
    },
  };
}

export const randomChanges: Scenario = {
  id: "random",
  title: "Backup to S3 after 1 % of all files changed at random",
  about:
    "The worst case: after a first backup, each round edits 1 % of all files, wherever they are (databases apart), and backs up. " +
    "An edited file counts whole as truly changed, of files over 1 MiB only what was written.",
  settings: describeTenant,
  run: async (lab, notebook) => {
    const field = await lab.field("s3");
    try {
      noteField(field, notebook);
      const life = new TenantLife(field.source, LIFE_SEED);
      await delay(AFTER_CHANGES_MS);
      await firstBackups(lab, notebook, field.contestants);
      for (const round of rounds(lab.options.rounds)) {
        const changed = life.randomChanges(RANDOM_SHARE);
        await delay(AFTER_CHANGES_MS);
        await inTurn(lab, notebook, field.contestants, {
          name: RANDOM,
          round,
          work: (contestant, watch) => contestant.backup(watch),
          after: () =>
            Promise.resolve({ changedBytes: changed.bytes, changedCompressedBytes: changed.compressedBytes }),
        });
        noteMode(field, notebook);
      }
    } finally {
      await field.close();
    }
  },
};

/** Says so when a later backup was a full one. */
export function noteMode({ ours }: Field, notebook: Notebook): void {
  const result = ours.lastBackup?.result;
  if (result === undefined || result.mode === "incremental") return;
  const reason = result.fullReason === undefined ? "" : `: ${result.fullReason}`;
  notebook.note(`this project made a later backup as a full one${reason}`);
}
