/** `openclaw tenants backup | restore | backups`. */
import { Option, type Command } from "commander";
import { apiPath, query } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { printPlan } from "../jobs/plan-list.js";
import { finishJob } from "../jobs/wait.js";
import { backupSummary, restoreSummary } from "../output/summaries.js";
import type { ArchiveView, JobView } from "../views.js";
import { archiveTable } from "./backups.js";
import {
  addEncryptFlags,
  addExamples,
  addReadFlags,
  addS3Flags,
  addWaitFlags,
  integerOption,
  rateOption,
  readEncryptFlags,
  readReadFlags,
  readS3Flags,
  REQUIRE_SIGNATURE,
  type EncryptFlags,
  type ReadFlags,
  type S3Flags,
  type WaitFlags,
} from "./options.js";

const LOCATIONS =
  "A location is s3://bucket/key, dest:NAME[/key], or an absolute path on the gateway's machine, which need not be " +
  "this one; profiles are resolved there too.";

export function addTenantBackupCommands(tenants: Command, context: Context): void {
  addBackup(tenants, context);
  addRestore(tenants, context);
  addBackups(tenants, context);
}

interface BackupFlags extends S3Flags, WaitFlags, EncryptFlags {
  readonly to?: string;
  readonly dryRun?: true;
  readonly list?: true;
  readonly overwrite?: true;
  readonly allowUnreadable?: true;
  readonly rehash?: true;
  readonly compressionLevel?: number;
  readonly limitUpload?: number | string;
  readonly limitDownload?: number | string;
}

function addBackup(tenants: Command, context: Context): void {
  const command = tenants
    .command("backup <id>")
    .summary("back a tenant up into one archive")
    .description(
      "Back a tenant up, while it keeps running, into one .tar.zst archive that `tar --zstd -xf` can open, too. " +
        `${LOCATIONS} Without --to, or with a '/' at its end, the archive gets an automatic name.`,
    )
    .option("--to <location>", "where to; default: the gateway's default destination")
    .option("--dry-run", "only say what would be archived, what is left out and why, and what is large")
    .addOption(new Option("--list", "a dry run that also prints every entry").implies({ dryRun: true }))
    .option("--overwrite", "replace an archive that is already there")
    .option("--allow-unreadable", "leave files out, with a warning, that cannot be read")
    .option("--rehash", "read every file, also those that look as they did in the last archive")
    .addOption(integerOption("--compression-level <n>", "zstd level, 1 (fast) to 19 (small)"))
    .addOption(rateOption("--limit-upload <rate>", "send no more bytes per second than this"))
    .addOption(rateOption("--limit-download <rate>", "fetch no more bytes per second than this"));
  addEncryptFlags(command);
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw tenants backup acme --to s3://my-bucket/acme/2026-06-03.tar.zst --aws-profile production",
    "openclaw tenants backup acme --to s3://my-bucket/acme/2026-06-03.tar.zst --endpoint http://127.0.0.1:9000 --access-key $S3_AK --secret-key $S3_SK",
    "openclaw tenants backup acme --to s3://my-bucket/acme/ --access-key env:S3_AK --secret-key file:/run/secrets/s3",
    "openclaw tenants backup acme --to /var/backups/openclawmu/acme/2026-06-03.tar.zst",
    "openclaw tenants backup acme --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "openclaw tenants backup acme --pipe 'age -R /etc/openclaw/recipients.txt'",
    "openclaw tenants backup acme --limit-upload 10MiB",
    "openclaw tenants backup acme --dry-run",
    "openclaw tenants backup acme --list --json | jq -r 'select(.reason == \"backupignore\").path'",
    "for t in $(openclaw tenants list --names); do openclaw tenants backup $t --to s3://my-bucket/$t/$(date +%F).tar.zst; done",
  ]);
  context.action(command, async (id: string, flags: BackupFlags) => {
    const {
      to,
      dryRun,
      list,
      overwrite,
      allowUnreadable,
      rehash,
      compressionLevel,
      limitUpload,
      limitDownload,
    } = flags;
    if (list === true && flags.wait === false)
      throw cliError("USAGE", "--list waits for the dry run; it does not go with --no-wait");
    const body = {
      to,
      dryRun,
      list,
      overwrite,
      allowUnreadable,
      rehash,
      compressionLevel,
      limitUpload,
      limitDownload,
      ...readEncryptFlags(flags),
      ...readS3Flags(flags, context.env),
    };
    const { job, joined } = (await context
      .client()
      .request("POST", apiPath`/api/admin/tenants/${id}/backups`, { body })) as {
      readonly job: JobView;
      readonly joined: boolean;
    };
    if (joined)
      context.output.note(`${id}: joined job ${job.id}, the same backup, which had been started before`);
    const wait = flags.wait !== false;
    return finishJob(context, job, {
      wait,
      summary: backupSummary,
      ...(list === true ? { list: () => printPlan(context, job.id) } : {}),
    });
  });
}

interface RestoreFlags extends ReadFlags, WaitFlags {
  readonly from?: string;
  readonly tenant?: string;
  readonly as?: string;
  readonly force?: true;
  readonly token?: "archive";
  readonly path?: readonly string[];
  readonly into?: string;
  readonly dryRun?: true;
  readonly limitDownload?: number | string;
  readonly requireSignature?: true;
  readonly undo?: string;
}

function addRestore(tenants: Command, context: Context): void {
  const command = tenants
    .command("restore")
    .summary("restore a tenant, or take a restore back")
    .description(
      "Restore a tenant from an archive, or take a restore back. The tenant's place must be empty unless --force is " +
        "given; until the whole archive is checked, nothing of a running tenant is touched. " +
        `${LOCATIONS} Plain .tar, .tar.gz and .tar.zst of other tools are restored as well.`,
    )
    .option("--from <location>", "the archive: its location, or its id in the catalogue")
    .option("--tenant <id>", "--from is a whole gateway's backup: take this tenant out of it")
    .option("--as <id>", "restore under another id")
    .option("--force", "replace the tenant that is there (it can be brought back for a while)")
    .addOption(
      new Option(
        "--token <which>",
        "with --force: take the archive's token, not the one the tenant has now",
      ).choices(["archive"]),
    )
    .option(
      "--path <globs...>",
      "only these paths, and what is below them, into a tenant that is there: in place with --force, else into a directory of their own",
    )
    .option(
      "--into <directory>",
      "with --path: a directory of the tenant that is not there yet; default: workspace/restored-<time>",
    )
    .option("--dry-run", "only check the archive; with --path, list what would be written")
    .option(...REQUIRE_SIGNATURE)
    .addOption(rateOption("--limit-download <rate>", "fetch no more bytes per second than this"))
    .addOption(
      new Option("--undo <job>", "take back what this restore did").conflicts([
        "from",
        "tenant",
        "as",
        "force",
        "token",
        "path",
        "into",
        "dryRun",
        "limitDownload",
        "identity",
        "passphrase",
        "pipe",
        "requireSignature",
        "endpoint",
        "region",
        "accessKey",
        "secretKey",
        "sessionToken",
        "awsProfile",
        "pathStyle",
      ]),
    );
  addWaitFlags(command);
  addReadFlags(command);
  addExamples(command, [
    "openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst",
    "openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --as acme-staging",
    "openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --force",
    "openclaw tenants restore --from /var/backups/openclawmu/acme/2026-06-03.tar.zst --dry-run",
    "openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --limit-download 20MiB",
    "openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --path workspace/notes.md '**/*.jsonl'",
    "openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --path memory --force",
    "openclaw tenants restore --from dest:offsite/tenants/acme/2026-06-03T02-00-00Z.tar.zst.age --identity key.txt",
    "openclaw tenants restore --from dest:offsite/acme.tar.zst.age --pipe 'age -d -i /etc/openclaw/key.txt'",
    "openclaw tenants restore --from dest:offsite/acme/2026-06-03.tar.zst --require-signature",
    "openclaw tenants restore --from s3://my-bucket/prod/eu1/2026-03-07T02-00-00Z/ --tenant acme --as acme-staging",
    "openclaw tenants restore --undo <job>",
  ]);
  context.action(command, async (flags: RestoreFlags) => {
    const { job } = (await context.client().request("POST", ...restoreRequest(context, flags))) as {
      readonly job: JobView;
    };
    return finishJob(context, job, { wait: flags.wait !== false, summary: restoreSummary });
  });
}

function restoreRequest(context: Context, flags: RestoreFlags): [path: string, options: { body?: unknown }] {
  const {
    from,
    tenant,
    as,
    force,
    token,
    path: paths,
    into,
    dryRun,
    limitDownload,
    requireSignature,
    undo,
  } = flags;
  if (undo !== undefined) return [apiPath`/api/admin/restores/${undo}/undo`, {}];
  if (from === undefined) {
    throw cliError("USAGE", "Neither --from nor --undo is given", {
      hint: "`openclaw tenants restore --help` shows how it is used; `openclaw backups list` shows the archives.",
    });
  }
  return [
    "/api/admin/restores",
    {
      body: {
        ...{ from, tenant, as, force, token, paths, into, dryRun, limitDownload, requireSignature },
        ...readReadFlags(flags, context.env),
      },
    },
  ];
}

function addBackups(tenants: Command, context: Context): void {
  const command = tenants
    .command("backups <id>")
    .summary("list a tenant's archives")
    .description(
      "List a tenant's archives: those that the gateway's catalogue knows, or with --to those that are in a place. " +
        "Credentials for that place are the gateway's own.",
    )
    .option(
      "--to <location>",
      "look there: dest:NAME, s3://bucket/prefix/, or a directory on the gateway's machine",
    );
  addExamples(command, [
    "openclaw tenants backups acme",
    "openclaw tenants backups acme --to s3://my-bucket/acme/",
  ]);
  context.action(command, async (id: string, flags: { readonly to?: string }) => {
    const path = apiPath`/api/admin/tenants/${id}/backups` + query({ to: flags.to });
    const list = (await context.client().request("GET", path)) as {
      readonly archives: readonly ArchiveView[];
    };
    context.output.result(list, () => archiveTable(list.archives, `no archives of ${id}`));
    return undefined;
  });
}
