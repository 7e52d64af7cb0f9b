/** `openclaw backups rebuild | check-destination`. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import { finishJob } from "../jobs/wait.js";
import { checkSummary, rebuildSummary } from "../output/catalogue.js";
import type { JobView } from "../views.js";
import {
  addExamples,
  addS3Flags,
  addWaitFlags,
  readS3Flags,
  type S3Flags,
  type WaitFlags,
} from "./options.js";

interface RebuildFlags extends S3Flags, WaitFlags {
  readonly dest?: string;
  readonly pin?: true;
  readonly dryRun?: true;
}

export function addCatalogueCommands(backups: Command, context: Context): void {
  addRebuild(backups, context);
  addCheck(backups, context);
}

function addRebuild(backups: Command, context: Context): void {
  const command = backups
    .command("rebuild")
    .summary("make the catalogue again from the stores")
    .description(
      "Make the gateway's catalogue agree with what the stores hold: archives that it does not know are added, moved ones " +
        "followed, lost and damaged ones marked. Only the ends of objects are read. What is not an archive of this format " +
        "is listed, and left alone.",
    )
    .option(
      "--dest <destination>",
      "only there: a destination's name, s3://bucket/prefix/, or a directory; default: every destination and local root",
    )
    .option("--pin", "pin what is added: which archives were pinned is in no store")
    .option("--dry-run", "only say what would change");
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups rebuild --dry-run",
    "openclaw backups rebuild --pin",
    "openclaw backups rebuild --dest offsite",
  ]);
  context.action(command, async (flags: RebuildFlags) => {
    const { dest, pin, dryRun } = flags;
    const body = { dest, pin, dryRun, ...readS3Flags(flags, context.env) };
    const { job } = (await context.client().request("POST", "/api/admin/backups/rebuild", { body })) as {
      readonly job: JobView;
    };
    return finishJob(context, job, { wait: flags.wait !== false, summary: rebuildSummary });
  });
}

function addCheck(backups: Command, context: Context): void {
  const command = backups
    .command("check-destination [destination]")
    .summary("find out what a store can do")
    .description(
      "Find out what a destination can do, and what follows for backups: by writing, reading, copying and removing a few " +
        "objects of its own (up to 30 MB are sent). A destination is dest:NAME, its name, s3://bucket/prefix/, or a " +
        "directory; default: the default destination. Exit code 0: backups can be made there; 5: denied; 6: not reachable.",
    );
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups check-destination",
    "openclaw backups check-destination dest:offsite",
    "openclaw backups check-destination s3://my-bucket/acme/ --endpoint https://s3.example.com --access-key env:KEY --secret-key env:SECRET",
  ]);
  context.action(command, async (dest: string | undefined, flags: S3Flags & WaitFlags) => {
    const body = { dest, ...readS3Flags(flags, context.env) };
    const { job } = (await context.client().request("POST", "/api/admin/destinations/check", { body })) as {
      readonly job: JobView;
    };
    return finishJob(context, job, { wait: flags.wait !== false, summary: checkSummary });
  });
}
