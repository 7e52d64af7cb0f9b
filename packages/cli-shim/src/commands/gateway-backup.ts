/** `openclaw gateway backup | backups | prune`: the gateway as a whole. */
import type { Command } from "commander";
import { query } from "../client.js";
import type { Context } from "../context.js";
import { cliError, type ExitCode } from "../errors.js";
import { failureOf, finishJob, report, watchJob } from "../jobs/wait.js";
import { withOfflineGateway } from "../offline-gateway.js";
import { gatewayBackupSummary, gatewayPruneSummary, setTable } from "../output/gateway-sets.js";
import { checkSummary } from "../output/checks.js";
import type { GatewayBackupResult, GatewaySetView, JobView } from "../views.js";
import {
  addEncryptFlags,
  addExamples,
  addS3Flags,
  addWaitFlags,
  integerOption,
  rateOption,
  readEncryptFlags,
  readS3Flags,
  type EncryptFlags,
  type S3Flags,
  type WaitFlags,
} from "./options.js";
import { addKeepFlags, type KeepFlags } from "./prune.js";

export function addGatewayBackupCommands(gateway: Command, context: Context): void {
  addBackup(gateway, context);
  addBackups(gateway, context);
  addPrune(gateway, context);
}

interface BackupFlags extends S3Flags, WaitFlags, EncryptFlags {
  readonly to?: string;
  readonly preDelete?: true;
  readonly offline?: true;
  readonly verify?: true;
  readonly allowUnreadable?: true;
  readonly rehash?: true;
  readonly compressionLevel?: number;
  readonly limitUpload?: number | string;
  readonly limitDownload?: number | string;
}

function addBackup(gateway: Command, context: Context): void {
  const command = gateway
    .command("backup")
    .summary("back the whole gateway up")
    .description(
      "Back the whole gateway up, while it keeps running: its state directory, and its workspace where that is a volume of " +
        "its own, each into one .tar.zst archive, and a backup.json beside them that is written last. Without --to, or " +
        "with a '/' at its end, the backup gets a directory named after the time.",
    )
    .option("--to <location>", "where to: dest:NAME/, s3://bucket/prefix/, or a directory")
    .option(
      "--pre-delete",
      "the last backup before the gateway is removed: it replaces the one before, which stays until this one is complete",
    )
    .option(
      "--offline",
      "the gateway is down: work on its state directory (OPENCLAW_STATE_DIR) in this process",
    )
    .option("--verify", "then read it back from the store, every byte, and fail where it is not good")
    .option("--allow-unreadable", "leave files out, with a warning, that cannot be read")
    .option("--rehash", "read every file, also those that look as they did in the last backup")
    .addOption(integerOption("--compression-level <n>", "zstd level, 1 (fast) to 19 (small)"))
    .addOption(rateOption("--limit-upload <rate>", "send no more bytes per second than this"))
    .addOption(rateOption("--limit-download <rate>", "fetch no more bytes per second than this"));
  addEncryptFlags(command);
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw gateway backup",
    "openclaw gateway backup --to dest:offsite/ --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "openclaw gateway backup --pre-delete --to s3://my-bucket/prod/eu1/",
    "OPENCLAW_STATE_DIR=/var/lib/openclaw openclaw gateway backup --offline --to /var/backups/openclawmu/",
    'openclaw cron add --gateway --schedule "0 2 * * *" --name nightly --cmd "openclaw gateway backup --to dest:offsite/"',
  ]);
  context.action(command, async (flags: BackupFlags) => {
    const { offline, wait, to, preDelete, verify, allowUnreadable, rehash } = flags;
    const { compressionLevel, limitUpload, limitDownload } = flags;
    const body = {
      ...{ to, preDelete, allowUnreadable, rehash, compressionLevel, limitUpload, limitDownload },
      ...readEncryptFlags(flags),
      ...readS3Flags(flags, context.env),
    };
    if (verify === true && wait === false)
      throw cliError("USAGE", "--verify waits for the backup: it does not go with --no-wait");
    const path = "/api/admin/gateway/backups";
    const backUp = (canLeave: boolean): Promise<ExitCode> =>
      verify === true
        ? backUpAndVerify(context, path, body)
        : start(context, path, body, !canLeave || wait !== false);
    if (offline !== true) return backUp(true);
    return withOfflineGateway(context, async (client) => {
      context.useClient(client);
      // Nobody goes on with it when this process ends.
      return backUp(false);
    });
  });
}

/** The backup is what is reported; a check that does not find it good is the command's failure. */
async function backUpAndVerify(context: Context, path: string, body: object): Promise<ExitCode> {
  const run = async (where: string, what: object): Promise<JobView> => {
    const { job } = (await context.client().request("POST", where, { body: what })) as {
      readonly job: JobView;
    };
    return watchJob(context, job.id, () => undefined);
  };
  const backup = await run(path, body);
  if (failureOf(backup) !== undefined) return report(context, backup, gatewayBackupSummary);
  const { parts = [] } = (backup.result ?? {}) as GatewayBackupResult;
  for (const { archiveId } of parts) {
    const check = await run("/api/admin/backups/verify", { archive: archiveId, level: "full" });
    if (failureOf(check) !== undefined) return report(context, check, checkSummary);
  }
  return report(context, backup, (job) => [
    ...gatewayBackupSummary(job),
    "read back from the store: all of it is good",
  ]);
}

async function start(context: Context, path: string, body: object, wait: boolean) {
  const { job } = (await context.client().request("POST", path, { body })) as { readonly job: JobView };
  const summary = job.type === "gateway-prune" ? gatewayPruneSummary : gatewayBackupSummary;
  return finishJob(context, job, { wait, summary });
}

function addBackups(gateway: Command, context: Context): void {
  const command = gateway
    .command("backups")
    .summary("list the backups of the whole gateway")
    .description(
      "List the backups of the whole gateway that it knows, or, with --to, those that stand in a place, whoever made them. One " +
        "without a backup.json is incomplete: it is being written, or was cut off, and nothing can be restored from it.",
    )
    .option("--to <location>", "those that stand there: dest:NAME/, s3://bucket/prefix/, or a directory");
  addExamples(command, ["openclaw gateway backups", "openclaw gateway backups --to dest:offsite/ --json"]);
  context.action(command, async ({ to }: { readonly to?: string }) => {
    const path = `/api/admin/gateway/backups${query({ to })}`;
    const list = (await context.client().request("GET", path)) as {
      readonly sets: readonly GatewaySetView[];
    };
    context.output.result(list, () => setTable(list.sets));
    return undefined;
  });
}

interface PruneFlags extends KeepFlags, S3Flags, WaitFlags {
  readonly to?: string;
  readonly includeNamed?: true;
  readonly dryRun?: true;
}

function addPrune(gateway: Command, context: Context): void {
  const command = gateway
    .command("prune")
    .summary("remove backups of the whole gateway that need not be kept")
    .description(
      "Remove the backups of the whole gateway that no rule keeps, each as a whole and at once. Without a --keep flag, the " +
        "rules are those of the config: of the destination, or plugins.backup.retention. Never removed: the last good one, " +
        "that of --pre-delete, pinned and locked ones, and those that a job reads.",
    );
  addKeepFlags(command)
    .optionsGroup("Options:")
    .option("--to <location>", "only those there: dest:NAME/, s3://bucket/prefix/, or a directory")
    .option("--include-named", "those in directories that a person chose count, and go, too")
    .option("--dry-run", "only say what would be removed, and why the rest is kept");
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw gateway prune --keep-daily 7 --keep-weekly 4 --dry-run",
    "openclaw gateway prune --to dest:offsite/ --keep-within 30d",
  ]);
  context.action(command, async (flags: PruneFlags) => {
    const { wait, endpoint, region, accessKey, secretKey, sessionToken, awsProfile, pathStyle, ...request } =
      flags;
    const body = { ...request, ...readS3Flags(flags, context.env) };
    return start(context, "/api/admin/gateway/prune", body, wait !== false);
  });
}
