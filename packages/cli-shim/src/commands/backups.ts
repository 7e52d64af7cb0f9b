/** `openclaw backups list | show | files | cat | prune | rm | pin | rebuild | rekey | check-destination | verify | drill`. */
import type { Command } from "commander";
import { query } from "../client.js";
import type { Context } from "../context.js";
import { formatBytes, formatCount, formatTime } from "../output/format.js";
import { formatTable } from "../output/table.js";
import type { ArchiveView } from "../views.js";
import { addArchivePartCommands } from "./archive-parts.js";
import { addArchiveCommands } from "./archives.js";
import { addCatalogueCommands } from "./catalogue.js";
import { addCheckCommands } from "./checks.js";
import { addExamples } from "./options.js";
import { addNotifyTestCommand } from "./notify-test.js";
import { addPruneCommand } from "./prune.js";
import { addRekeyCommand } from "./rekey.js";

export function addBackupCommands(program: Command, context: Context): void {
  const backups = program
    .command("backups")
    .summary("list, look into, check, pin, prune and remove archives")
    .description("Work with archives: those in the gateway's catalogue, and any other that it can read.");
  addList(backups, context);
  addArchivePartCommands(backups, context);
  addPruneCommand(backups, context);
  addNotifyTestCommand(backups, context);
  addArchiveCommands(backups, context);
  addCatalogueCommands(backups, context);
  addCheckCommands(backups, context);
  addRekeyCommand(backups, context);
}

function addList(backups: Command, context: Context): void {
  const command = backups
    .command("list")
    .summary("list archives")
    .description("List the archives that this gateway made.")
    .option("--tenant <id>", "only this tenant's")
    .option("--all", "also those in the trash, and those that were removed or overwritten");
  addExamples(command, ["openclaw backups list", "openclaw backups list --tenant acme --json"]);
  context.action(command, async (flags: { readonly tenant?: string; readonly all?: true }) => {
    const path = `/api/admin/backups${query({ tenant: flags.tenant, all: flags.all && "true" })}`;
    const list = (await context.client().request("GET", path)) as {
      readonly archives: readonly ArchiveView[];
    };
    context.output.result(list, () => archiveTable(list.archives, "no archives yet"));
    return undefined;
  });
}

/** Lines for a list of archives, or the text that stands for an empty one. */
export function archiveTable(archives: readonly ArchiveView[], none: string): string[] {
  if (archives.length === 0) return [none];
  return formatTable(archives, [
    { title: "ID", cell: ({ id }) => id ?? "" },
    { title: "TENANT", cell: ({ tenant }) => tenant ?? "" },
    { title: "CREATED", cell: ({ createdAt }) => (createdAt === undefined ? "" : formatTime(createdAt)) },
    {
      title: "FILES",
      align: "right",
      cell: ({ totals }) => (totals === undefined ? "" : formatCount(totals.files)),
    },
    {
      title: "CONTENT",
      align: "right",
      cell: ({ totals }) => (totals === undefined ? "" : formatBytes(totals.contentBytes)),
    },
    { title: "SIZE", align: "right", cell: ({ size }) => formatBytes(size) },
    { title: "STATE", cell: stateOf },
    { title: "ENCRYPTED", cell: ({ encryption }) => encryption ?? "" },
    { title: "PINNED", cell: ({ pinnedAt }) => (pinnedAt === undefined ? "" : "pinned") },
    { title: "LOCATION", cell: ({ location }) => location },
  ]);
}

function stateOf({ state = "", trash }: ArchiveView): string {
  return trash === undefined ? state : `${state} until ${formatTime(trash.until)}`;
}
