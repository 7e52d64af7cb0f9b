/** `openclaw backups prune`. */
import type { Command } from "commander";
import { apiPath } from "../client.js";
import type { Context } from "../context.js";
import type { ExitCode } from "../errors.js";
import { failureOf, finishJob, report, watchJob } from "../jobs/wait.js";
import { pruneSummary } from "../output/removals.js";
import { plural } from "../output/format.js";
import type { ArchiveView, JobView, TenantView } from "../views.js";
import {
  addExamples,
  addS3Flags,
  addWaitFlags,
  integerOption,
  readS3Flags,
  type S3Flags,
  type WaitFlags,
} from "./options.js";

/** The rules of a prune, as a request has them. */
export interface KeepFlags {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  readonly keepWithin?: string;
  readonly tz?: string;
}

export function addKeepFlags(command: Command): Command {
  return command
    .optionsGroup("What to keep (an archive stays if any rule keeps it):")
    .addOption(integerOption("--keep-last <n>", "the newest archives"))
    .addOption(integerOption("--keep-hourly <n>", "the newest of each of so many hours that have one"))
    .addOption(integerOption("--keep-daily <n>", "likewise of days"))
    .addOption(integerOption("--keep-weekly <n>", "likewise of weeks, from Monday on"))
    .addOption(integerOption("--keep-monthly <n>", "likewise of months"))
    .addOption(integerOption("--keep-yearly <n>", "likewise of years"))
    .option("--keep-within <duration>", "all of so long before the newest: 30d, 12h, 1y6m, P30D")
    .option("--tz <zone>", "time zone of the calendar, such as Europe/Berlin; default Etc/UTC");
}

interface PruneFlags extends KeepFlags, S3Flags, WaitFlags {
  readonly to?: string;
  readonly includeNamed?: true;
  readonly dryRun?: true;
  readonly now?: true;
  readonly undo?: string;
}

export function addPruneCommand(backups: Command, context: Context): void {
  const command = backups
    .command("prune [tenant]")
    .summary("remove archives that need not be kept")
    .description(
      "Remove the archives of a tenant, or of every tenant, that no rule keeps. Each directory or prefix that archives " +
        "stand in is pruned by itself. Without a --keep flag, the rules are those of the config: of the tenant, of the " +
        "destination, or plugins.backup.retention. Never removed: the last good archive, pinned and locked ones, those " +
        "that a job reads, and what is not the archive that the gateway stored. What is removed stays in the trash for " +
        "`trashHours`; with S3 flags it is removed at once.",
    );
  addKeepFlags(command)
    .optionsGroup("Options:")
    .option("--to <location>", "only archives there: dest:NAME, s3://bucket/prefix/, or a directory")
    .option("--include-named", "archives with names that a person chose count, and go, too")
    .option("--dry-run", "only say what would be removed, and why the rest is kept")
    .option("--now", "remove at once, not by way of the trash")
    .option("--undo <job>", "bring back what that prune has put into the trash");
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups prune acme --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --dry-run",
    "openclaw backups prune acme --keep-last 10 --keep-within 30d --tz Europe/Berlin",
    "openclaw backups prune acme --to dest:offsite --keep-daily 30",
    "openclaw backups prune",
    "openclaw backups prune --undo j0mdq3x5k1c9r7w2hz",
  ]);
  context.action(command, async (tenant: string | undefined, flags: PruneFlags) => {
    const { wait, undo, ...others } = flags;
    if (undo !== undefined) return bringBack(context, undo);
    const { endpoint, region, accessKey, secretKey, sessionToken, awsProfile, pathStyle, ...request } =
      others;
    const body = { ...request, ...readS3Flags(flags, context.env) };
    const start = async (id: string): Promise<JobView> => {
      const path = apiPath`/api/admin/tenants/${id}/prune`;
      return ((await context.client().request("POST", path, { body })) as { readonly job: JobView }).job;
    };
    if (tenant !== undefined) {
      return finishJob(context, await start(tenant), { wait: wait !== false, summary: pruneSummary });
    }
    const { tenants } = (await context.client().request("GET", "/api/admin/tenants")) as {
      readonly tenants: readonly TenantView[];
    };
    const jobs: JobView[] = [];
    for (const { id } of tenants) jobs.push(await start(id));
    return finishAll(context, jobs, wait !== false);
  });
}

async function bringBack(context: Context, job: string): Promise<undefined> {
  const path = apiPath`/api/admin/prunes/${job}/undo`;
  const list = (await context.client().request("POST", path)) as {
    readonly archives: readonly ArchiveView[];
  };
  context.output.result(list, () => [
    `${plural(list.archives.length, "archive")} brought back:`,
    ...list.archives.map(({ location }) => location),
  ]);
  return undefined;
}

/** One job a tenant: with `--json` one document with all of them. Resolves to the first failure's exit code. */
async function finishAll(
  context: Context,
  started: readonly JobView[],
  wait: boolean,
): Promise<ExitCode | undefined> {
  const jobs: JobView[] = [];
  for (const job of started) jobs.push(wait ? await watchJob(context, job.id, () => undefined) : job);
  if (context.output.json || !wait) {
    context.output.result({ jobs }, () =>
      jobs.map(({ id, tenant = "" }) => `${tenant}: job ${id} is queued`),
    );
    return wait ? jobs.map(failureOf).find((failure) => failure !== undefined)?.exitCode : 0;
  }
  if (jobs.length === 0) context.output.result({ jobs }, () => ["no tenants"]);
  const codes = jobs.map((job) => report(context, job, pruneSummary));
  return codes.find((code) => code !== 0);
}
