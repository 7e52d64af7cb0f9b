/** `openclaw backups list | show | files | cat | prune | rm | pin | rebuild | rekey | check-destination | verify | drill`. */
import { Option, type Command } from "commander";
import { query } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { formatBytes, formatCount, formatTime } from "../output/format.js";
import { formatTable } from "../output/table.js";
import type { ArchiveView, GatewayInPlaceView } from "../views.js";
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

interface ListFlags {
  readonly tenant?: string;
  readonly all?: true;
  readonly to?: string;
}

function addList(backups: Command, context: Context): void {
  const command = backups
    .command("list")
    .summary("list archives")
    .description(
      "List the archives that this gateway made; with --all --to, the gateways whose backups lie in one place (a bucket, for " +
        "example), each under a prefix of its own.",
    )
    .addOption(new Option("--tenant <id>", "only this tenant's").conflicts("to"))
    .option("--all", "also those in the trash, and those that were removed or overwritten")
    .option("--to <location>", "with --all: s3://bucket/, dest:NAME/, or a directory that gateways share");
  addExamples(command, [
    "openclaw backups list",
    "openclaw backups list --tenant acme --json",
    "openclaw backups list --all --to s3://bucket/",
  ]);
  context.action(command, async ({ tenant, all, to }: ListFlags) => {
    if (to !== undefined) return listGateways(context, to, all === true);
    const path = `/api/admin/backups${query({ tenant, all: all && "true" })}`;
    const list = (await context.client().request("GET", path)) as {
      readonly archives: readonly ArchiveView[];
    };
    context.output.result(list, () => archiveTable(list.archives, "no archives yet"));
    return undefined;
  });
}

async function listGateways(context: Context, to: string, isAll: boolean): Promise<undefined> {
  if (!isAll) {
    throw cliError("USAGE", "`backups list --to` lists every gateway that keeps backups there", {
      hint: "Give --all as well. `openclaw tenants backups <id> --to …` lists the archives of one tenant.",
    });
  }
  const list = (await context.client().request("GET", `/api/admin/backups/gateways${query({ to })}`)) as {
    readonly gateways: readonly GatewayInPlaceView[];
  };
  context.output.result(list, () => gatewayTable(list.gateways));
  return undefined;
}

function gatewayTable(gateways: readonly GatewayInPlaceView[]): string[] {
  if (gateways.length === 0) return ["no backups there"];
  const time = (at: string | undefined): string => (at === undefined ? "never" : formatTime(at));
  return formatTable(gateways, [
    { title: "PREFIX", cell: ({ prefix }) => (prefix === "" ? "(none)" : prefix) },
    { title: "LAST BACKUP", cell: ({ newestSetAt }) => time(newestSetAt) },
    { title: "BACKUPS", align: "right", cell: ({ sets }) => formatCount(sets) },
    { title: "INCOMPLETE", align: "right", cell: ({ incompleteSets }) => formatCount(incompleteSets) },
    { title: "PRE-DELETE", cell: ({ preDeleteAt }) => time(preDeleteAt) },
    { title: "TENANTS", align: "right", cell: ({ tenants }) => formatCount(tenants) },
    { title: "ARCHIVES", align: "right", cell: ({ archives }) => formatCount(archives) },
    { title: "LAST ARCHIVE", cell: ({ newestArchiveAt }) => time(newestArchiveAt) },
    { title: "SIZE", align: "right", cell: ({ bytes }) => formatBytes(bytes) },
  ]);
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
