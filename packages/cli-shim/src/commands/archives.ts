/** `openclaw backups rm | pin`: what is done to one archive. */
import type { Command } from "commander";
import { apiPath, query, type GatewayClient } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { finishJob } from "../jobs/wait.js";
import { removeSummary } from "../output/removals.js";
import type { ArchiveView, JobView } from "../views.js";
import {
  addExamples,
  addS3Flags,
  addWaitFlags,
  readS3Flags,
  type S3Flags,
  type WaitFlags,
} from "./options.js";

const ARCHIVE =
  "ARCHIVE is its id in the catalogue, or where it is: s3://bucket/key, dest:NAME/key, or a path.";

export function addArchiveCommands(backups: Command, context: Context): void {
  addRemove(backups, context);
  addPin(backups, context);
}

interface RemoveFlags extends S3Flags, WaitFlags {
  readonly force?: true;
  readonly now?: true;
  readonly undo?: true;
}

function addRemove(backups: Command, context: Context): void {
  const command = backups
    .command("rm <archive>")
    .summary("remove one archive")
    .description(
      `Remove one archive from its store. ${ARCHIVE} A pinned archive is not removed, nor one that a job reads, nor ` +
        "what is not the archive that the gateway stored there. It goes to the trash first, and can be brought back for " +
        "`trashHours`; an archive in the trash is removed for good. With S3 flags it is removed at once.",
    )
    .option(
      "--force",
      "also a tenant's only good archive; and take one out of the catalogue whose place another object has taken",
    )
    .option("--now", "remove it at once, not by way of the trash")
    .option("--undo", "bring it back from the trash");
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups rm s3://my-bucket/acme/2026-06-03.tar.zst",
    "openclaw backups rm a0mdq3x5k1c9r7w2hz",
    "openclaw backups rm a0mdq3x5k1c9r7w2hz --undo",
  ]);
  context.action(command, async (archive: string, flags: RemoveFlags) => {
    const client = context.client();
    const id = await archiveId(client, archive);
    if (flags.undo === true) {
      const view = (await client.request("DELETE", apiPath`/api/admin/backups/${id}/trash`)) as ArchiveView;
      context.output.result(view, () => [`${view.location} is back`]);
      return undefined;
    }
    const path =
      apiPath`/api/admin/backups/${id}` + query({ force: flags.force && "true", now: flags.now && "true" });
    const s3 = readS3Flags(flags, context.env);
    const options = Object.keys(s3).length === 0 ? {} : { body: s3 };
    const { job } = (await client.request("DELETE", path, options)) as { readonly job: JobView };
    return finishJob(context, job, { wait: flags.wait !== false, summary: removeSummary });
  });
}

function addPin(backups: Command, context: Context): void {
  const command = backups
    .command("pin <archive>")
    .summary("keep an archive from being removed")
    .description(`Keep an archive from being pruned and removed, until the pin is taken off. ${ARCHIVE}`)
    .option("--unpin", "take the pin off");
  addExamples(command, [
    "openclaw backups pin s3://my-bucket/acme/2026-06-03.tar.zst",
    "openclaw backups pin a0mdq3x5k1c9r7w2hz --unpin",
  ]);
  context.action(command, async (archive: string, flags: { readonly unpin?: true }) => {
    const client = context.client();
    const path = apiPath`/api/admin/backups/${await archiveId(client, archive)}/pin`;
    const view = (await client.request(flags.unpin === true ? "DELETE" : "PUT", path)) as ArchiveView;
    context.output.result(view, () => [
      `${view.location} ${view.pinnedAt === undefined ? "is no longer pinned" : "is pinned"}`,
    ]);
    return undefined;
  });
}

/** The catalogue's id of an archive that is given by id or by location. */
async function archiveId(client: GatewayClient, archive: string): Promise<string> {
  if (!/[/:]/.test(archive)) return archive;
  const { archives } = (await client.request("GET", `/api/admin/backups${query({ location: archive })}`)) as {
    readonly archives: readonly ArchiveView[];
  };
  const ids = archives.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const [id, ...others] = ids;
  if (id !== undefined && others.length === 0) return id;
  const hint = "`openclaw backups list` shows the ids of the archives that this gateway made.";
  if (id === undefined)
    throw cliError("ARCHIVE_NOT_FOUND", `The catalogue has no archive at ${archive}`, { hint });
  throw cliError("USAGE", `The catalogue has ${ids.length} archives at ${archive}: ${ids.join(", ")}`, {
    hint: "Give the id of the one that you mean.",
  });
}
