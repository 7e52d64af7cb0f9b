/** `openclaw backups list`. */
import type { Command } from "commander";
import { query } from "../client.js";
import type { Context } from "../context.js";
import { formatBytes, formatCount, formatTime } from "../output/format.js";
import { formatTable } from "../output/table.js";
import type { ArchiveView } from "../views.js";
import { addExamples } from "./options.js";

export function addBackupCommands(program: Command, context: Context): void {
  const backups = program
    .command("backups")
    .summary("list the archives that this gateway made")
    .description("Work with the gateway's catalogue of archives.");
  const command = backups
    .command("list")
    .summary("list archives")
    .description("List the archives that this gateway made.")
    .option("--tenant <id>", "only this tenant's");
  addExamples(command, ["openclaw backups list", "openclaw backups list --tenant acme --json"]);
  context.action(command, async (flags: { readonly tenant?: string }) => {
    const path = `/api/admin/backups${query({ tenant: flags.tenant })}`;
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
    { title: "STATE", cell: ({ state }) => state ?? "" },
    { title: "LOCATION", cell: ({ location }) => location },
  ]);
}
