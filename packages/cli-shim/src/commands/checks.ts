/** `openclaw backups verify | drill`. */
import { Option, type Command } from "commander";
import type { Context } from "../context.js";
import { finishJob } from "../jobs/wait.js";
import { checkSummary } from "../output/checks.js";
import type { JobView } from "../views.js";
import {
  addExamples,
  addReadFlags,
  addWaitFlags,
  readReadFlags,
  REQUIRE_SIGNATURE,
  type ReadFlags,
  type WaitFlags,
} from "./options.js";

const ARCHIVE =
  "ARCHIVE is where it is (s3://bucket/key, dest:NAME/key, or a path), its id in the catalogue, or a tenant's id for the " +
  "newest archive of that tenant.";
const EXIT =
  "The exit code is 7 when something is damaged, and 6 when the store cannot be reached, which says nothing of the archive.";

interface CheckFlags extends ReadFlags, WaitFlags {
  readonly as?: string;
  readonly requireSignature?: true;
}

interface VerifyFlags extends CheckFlags {
  readonly level?: string;
  readonly all?: true;
}

export function addCheckCommands(backups: Command, context: Context): void {
  addVerify(backups, context);
  addDrill(backups, context);
}

function addVerify(backups: Command, context: Context): void {
  const command = backups
    .command("verify <archive>")
    .summary("check whether an archive is good")
    .description(
      `Read an archive and check it. ${ARCHIVE} What is damaged is marked in the catalogue, and no backup builds on it. ${EXIT}`,
    )
    .addOption(
      new Option(
        "--level <level>",
        "quick: size, index and seek table; sample: some of the content, such that samples over a year see all of it; full: every byte",
      )
        .choices(["quick", "sample", "full"])
        .default("full"),
    )
    .option("--all", "with a tenant's id: all of its archives");
  addCommonFlags(command);
  addExamples(command, [
    "openclaw backups verify acme",
    "openclaw backups verify acme --all --level sample",
    "openclaw backups verify s3://my-bucket/acme/2026-06-03.tar.zst --level quick",
    "openclaw backups verify dest:offsite/acme/2026-06-03.tar.zst.age --identity key.txt",
    'openclaw cron add acme --name sample --schedule "@daily-random" --cmd "openclaw backups verify acme --all --level sample"',
  ]);
  context.action(command, (archive: string, flags: VerifyFlags) => {
    const { level, all } = flags;
    return start(context, "/api/admin/backups/verify", archive, flags, { level, all });
  });
}

function addDrill(backups: Command, context: Context): void {
  const command = backups
    .command("drill <archive>")
    .summary("try a restore, and remove what was restored")
    .description(
      `Restore an archive into a scratch directory of the gateway, and look at what is there: compare every file with the ` +
        `index, check every database, parse every JSON file; then remove it. No tenant is touched. ${ARCHIVE} ${EXIT}`,
    );
  addCommonFlags(command);
  addExamples(command, [
    "openclaw backups drill acme",
    "openclaw backups drill dest:offsite/acme/2026-06-03.tar.zst --json",
    'openclaw cron add acme --name drill --schedule "@monthly" --cmd "openclaw backups drill acme"',
  ]);
  context.action(command, (archive: string, flags: CheckFlags) =>
    start(context, "/api/admin/backups/drill", archive, flags, {}),
  );
}

function addCommonFlags(command: Command): void {
  command
    .option("--as <tenant>", "for another tool's archive that does not say which tenant it is of")
    .option(...REQUIRE_SIGNATURE);
  addWaitFlags(command);
  addReadFlags(command);
}

async function start(
  context: Context,
  path: string,
  archive: string,
  flags: CheckFlags,
  more: object,
): ReturnType<typeof finishJob> {
  const { as, requireSignature } = flags;
  const body = { archive, as, requireSignature, ...more, ...readReadFlags(flags, context.env) };
  const { job } = (await context.client().request("POST", path, { body })) as { readonly job: JobView };
  return finishJob(context, job, { wait: flags.wait !== false, summary: checkSummary });
}
