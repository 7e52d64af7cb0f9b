/** `openclaw gateway restore`: puts a whole gateway back, in this process, while none runs. */
import type { UndoableRestore } from "@openclaw/gateway-core";
import type { GatewayRestoreResult } from "@openclaw/gateway-plugin-backup";
import { Option, type Command } from "commander";
import { resolve } from "node:path";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { withStoppedGateway, type StoppedGateway } from "../stopped-gateway.js";
import { gatewayRestoreSummary, gatewayUndoSummary, RestoreProgress } from "../output/gateway-restore.js";
import { resolveSecret } from "../secrets.js";
import {
  addDecryptFlags,
  addExamples,
  addS3Flags,
  rateOption,
  readDecryptFlags,
  readS3Flags,
  REQUIRE_SIGNATURE,
  type DecryptFlags,
  type S3Flags,
} from "./options.js";

interface RestoreFlags extends S3Flags, DecryptFlags {
  readonly from?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly requireSignature?: true;
  readonly trust?: readonly string[];
  readonly limitDownload?: number | string;
  readonly undo?: true;
}

const NOT_WITH_UNDO = [
  "from",
  "force",
  "dryRun",
  "requireSignature",
  "trust",
  "limitDownload",
  "identity",
  "passphrase",
  "pipe",
  "endpoint",
  "region",
  "accessKey",
  "secretKey",
  "sessionToken",
  "awsProfile",
  "pathStyle",
];

export function addGatewayRestoreCommand(gateway: Command, context: Context): void {
  const command = gateway
    .command("restore")
    .summary("put a whole gateway back, while none runs")
    .description(
      "Put a whole gateway back into its state directory (OPENCLAW_STATE_DIR), and its workspace into the workspace's volume " +
        "(OPENCLAW_WORKSPACE_DIR), in this process: no gateway may run there. Everything is checked in a staging directory " +
        "before anything is replaced. --from takes a set of `openclaw gateway backup`, a prefix with sets (the newest complete " +
        "one is taken), one state archive, a tar of a state directory, an archive of `openclaw backup create`, or a " +
        "directory or prefix with loose files.",
    )
    .option(
      "--from <location>",
      "s3://bucket/key, dest:NAME[/key], or a path on this machine; default: the newest set in the default destination",
    )
    .option("--force", "replace the state that is there (it can be brought back for a while)")
    .option("--dry-run", "only check what would be restored")
    .option(...REQUIRE_SIGNATURE)
    .addOption(
      new Option(
        "--trust <key>",
        "take only what this key has signed, or others that are trusted; can be given more than once",
      ).argParser((key: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), key]),
    )
    .addOption(rateOption("--limit-download <rate>", "fetch no more bytes per second than this"))
    .addOption(new Option("--undo", "take the last restore back").conflicts(NOT_WITH_UNDO));
  addDecryptFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw gateway restore --from s3://my-bucket/prod/eu1/",
    "openclaw gateway restore --from s3://my-bucket/prod/eu1/2026-03-07T02-00-00Z/ --endpoint https://s3.example.org --access-key env:S3_AK --secret-key env:S3_SK",
    "openclaw gateway restore --from /var/backups/openclawmu/2026-03-07T02-00-00Z/ --dry-run",
    "openclaw gateway restore --from ./state.tar.gz --force",
    "openclaw gateway restore --from dest:offsite/ --identity key.txt",
    "openclaw gateway restore --undo",
  ]);
  context.action(command, async (flags: RestoreFlags) => {
    if (flags.undo === true) {
      const undone = await withStoppedGateway(context, { mayWrite: true }, (stopped) => undo(stopped));
      context.output.result(undone, () => gatewayUndoSummary(undone));
      return undefined;
    }
    const result = await restore(context, flags);
    for (const { message } of result.warnings) context.output.note(`warning: ${message}`);
    context.output.result(result, () => gatewayRestoreSummary(result));
    return undefined;
  });
}

function restore(context: Context, flags: RestoreFlags): Promise<GatewayRestoreResult> {
  const { from, force, dryRun, requireSignature, trust, limitDownload } = flags;
  const request = {
    ...{ from: from && absolute(from), force, dryRun, requireSignature, trust, limitDownload },
    // No gateway is called: keys stay in this process.
    ...readDecryptFlags(flags, context.env, resolveSecret),
    ...readS3Flags(flags, context.env, resolveSecret),
  };
  return withStoppedGateway(context, { mayWrite: dryRun !== true }, async ({ gateway, plugin }) => {
    const abort = new AbortController();
    const release = context.onSignal(() =>
      abort.abort(cliError("WAIT_INTERRUPTED", "The restore was stopped: nothing was replaced")),
    );
    const progress = new RestoreProgress(context.progress(), context.clock);
    try {
      return await plugin.restoreGateway(gateway, request, {
        signal: abort.signal,
        onProgress: (now) => progress.update(now),
      });
    } catch (error) {
      throw (error as { readonly code?: unknown }).code === "JOB_CANCELLED" ? abort.signal.reason : error;
    } finally {
      progress.stop();
      release();
    }
  });
}

async function undo({
  gateway,
  restores,
  plugin,
}: StoppedGateway): Promise<UndoableRestore & { readonly undo: string }> {
  const job = plugin.newJobId(gateway.clock);
  const at = gateway.clock.now();
  const undone = await restores.undo({ job, at, volumes: plugin.replacedVolumes(gateway) });
  return { ...undone, undo: job };
}

/** Relative paths are this process's, which is the gateway's machine here. */
function absolute(from: string): string {
  if (/^(s3:\/\/|dest:|\/)/.test(from)) return from;
  return resolve(from) + (from.endsWith("/") ? "/" : "");
}
