/** `openclaw backups show | files | cat`: looking into an archive. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { printLines } from "../jobs/lines.js";
import { printFile } from "../jobs/print-file.js";
import { contentsLines, entryLine } from "../output/contents.js";
import { formatBytes, plural } from "../output/format.js";
import type { ArchiveContentsView } from "../views.js";
import { addExamples, addS3Flags, readS3Flags, type S3Flags } from "./options.js";

const ARCHIVE =
  "ARCHIVE is its id in the catalogue, or where it is: s3://bucket/key, dest:NAME/key, or a path; the catalogue need " +
  "not know it.";

export function addArchivePartCommands(backups: Command, context: Context): void {
  addShow(backups, context);
  addFiles(backups, context);
  addCat(backups, context);
}

function addShow(backups: Command, context: Context): void {
  const command = backups
    .command("show <archive>")
    .summary("show what an archive holds, in figures")
    .description(
      `Show what an archive's index tells of it, and what the catalogue knows. Reads its end alone. ${ARCHIVE}`,
    );
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups show s3://my-bucket/acme/2026-06-03.tar.zst",
    "openclaw backups show a0mdq3x5k1c9r7w2hz --json",
  ]);
  context.action(command, async (archive: string, flags: S3Flags) => {
    const body = { archive, ...readS3Flags(flags, context.env) };
    const view = (await context
      .client()
      .request("POST", "/api/admin/archives/show", { body })) as ArchiveContentsView;
    context.output.result(view, () => contentsLines(view));
    return undefined;
  });
}

function addFiles(backups: Command, context: Context): void {
  const command = backups
    .command("files <archive> [patterns...]")
    .summary("list the entries of an archive")
    .description(
      `List an archive's entries from its index alone. ${ARCHIVE} A pattern is a path or a glob, relative to the ` +
        "tenant's directory; it stands for what is below it, too. Without one, everything is listed.",
    )
    .option("--long", "with mode, size and time");
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups files s3://my-bucket/acme/2026-06-03.tar.zst --long",
    "openclaw backups files dest:offsite/acme/2026-06-03.tar.zst sessions '**/*.md'",
    "openclaw backups files a0mdq3x5k1c9r7w2hz --json | jq -r 'select(.size > 1e6).path'",
  ]);
  context.action(
    command,
    async (archive: string, patterns: readonly string[], flags: S3Flags & { readonly long?: true }) => {
      const body = { archive, patterns, ...readS3Flags(flags, context.env) };
      const end = await printLines(context, "/api/admin/archives/files", body, (line) =>
        entryLine(line, flags.long === true),
      );
      if (end.entries === 0 && patterns.length > 0) {
        throw cliError("ENTRY_NOT_FOUND", `The archive holds nothing that matches ${patterns.join(", ")}`);
      }
      context.output.note(`${plural(end.entries, "entry", "entries")}, ${formatBytes(end.contentBytes)}`);
      return undefined;
    },
  );
}

function addCat(backups: Command, context: Context): void {
  const command = backups
    .command("cat <archive> <path>")
    .summary("print one file of an archive")
    .description(
      `Print the content of one file of an archive to stdout, reading no more of the archive than holds it. ${ARCHIVE} ` +
        "PATH is relative to the tenant's directory.",
    );
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups cat s3://my-bucket/acme/2026-06-03.tar.zst workspace/notes.md",
    "openclaw backups cat a0mdq3x5k1c9r7w2hz memory/main.sqlite > main.sqlite",
  ]);
  context.action(command, async (archive: string, path: string, flags: S3Flags) => {
    if (context.output.json)
      throw cliError("USAGE", "`backups cat` prints the file itself; it does not go with --json");
    await printFile(context, { archive, path, ...readS3Flags(flags, context.env) });
    return undefined;
  });
}
