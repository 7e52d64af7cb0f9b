/** `openclaw backups show | files | cat | diff`: looking into an archive. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { printLines } from "../jobs/lines.js";
import { printFile } from "../jobs/print-file.js";
import { contentsLines, entryLine } from "../output/contents.js";
import { differenceLine, differencesSummary } from "../output/differences.js";
import { formatBytes, plural } from "../output/format.js";
import type { ArchiveContentsView, DifferenceLine, DifferencesEnd, EntriesEnd, EntryLine } from "../views.js";
import { addExamples, addReadFlags, readReadFlags, type ReadFlags } from "./options.js";

const ARCHIVE =
  "ARCHIVE is its id in the catalogue, or where it is: s3://bucket/key, dest:NAME/key, or a path; the catalogue need " +
  "not know it.";

export function addArchivePartCommands(backups: Command, context: Context): void {
  addShow(backups, context);
  addFiles(backups, context);
  addCat(backups, context);
  addDiff(backups, context);
}

function addShow(backups: Command, context: Context): void {
  const command = backups
    .command("show <archive>")
    .summary("show what an archive holds, in figures")
    .description(
      `Show what an archive's index tells of it, and what the catalogue knows. Reads its end alone. ${ARCHIVE}`,
    );
  addReadFlags(command);
  addExamples(command, [
    "openclaw backups show s3://my-bucket/acme/2026-06-03.tar.zst",
    "openclaw backups show a0mdq3x5k1c9r7w2hz --json",
  ]);
  context.action(command, async (archive: string, flags: ReadFlags) => {
    const body = { archive, ...readReadFlags(flags, context.env) };
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
  addReadFlags(command);
  addExamples(command, [
    "openclaw backups files s3://my-bucket/acme/2026-06-03.tar.zst --long",
    "openclaw backups files dest:offsite/acme/2026-06-03.tar.zst sessions '**/*.md'",
    "openclaw backups files a0mdq3x5k1c9r7w2hz --json | jq -r 'select(.size > 1e6).path'",
  ]);
  context.action(
    command,
    async (archive: string, patterns: readonly string[], flags: ReadFlags & { readonly long?: true }) => {
      const body = { archive, patterns, ...readReadFlags(flags, context.env) };
      const end = (await printLines<EntryLine>(context, {
        path: "/api/admin/archives/files",
        body,
        describe: (line) => entryLine(line, flags.long === true),
      })) as EntriesEnd;
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
  addReadFlags(command);
  addExamples(command, [
    "openclaw backups cat s3://my-bucket/acme/2026-06-03.tar.zst workspace/notes.md",
    "openclaw backups cat a0mdq3x5k1c9r7w2hz memory/main.sqlite > main.sqlite",
  ]);
  context.action(command, async (archive: string, path: string, flags: ReadFlags) => {
    if (context.output.json)
      throw cliError("USAGE", "`backups cat` prints the file itself; it does not go with --json");
    await printFile(context, { archive, path, ...readReadFlags(flags, context.env) });
    return undefined;
  });
}

interface DiffFlags extends ReadFlags {
  readonly live?: true;
  readonly content?: true;
}

function addDiff(backups: Command, context: Context): void {
  const command = backups
    .command("diff <archive> [other]")
    .summary("show what differs between two archives, or an archive and its tenant")
    .description(
      `Show what was added (+), removed (-) and changed (~) since an archive was made: up to another one, or without that in ` +
        `its tenant as it is now. A file with other content but the same size, mode and time is marked with ?. ${ARCHIVE} ` +
        "Archives are compared by their indexes alone.",
    )
    .option("--live", "compare with the tenant as it is now (the default without a second archive)")
    .option("--content", "of a tenant: read every file, and compare its content, too");
  addReadFlags(command);
  addExamples(command, [
    "openclaw backups diff dest:offsite/acme/2026-06-02.tar.zst dest:offsite/acme/2026-06-03.tar.zst",
    "openclaw backups diff a0mdq3x5k1c9r7w2hz --live --content",
    "openclaw backups diff a0mdq3x5k1c9r7w2hz --json | jq -r 'select(.kind == \"removed\").path'",
  ]);
  context.action(command, async (archive: string, other: string | undefined, flags: DiffFlags) => {
    const { live, content } = flags;
    if (other !== undefined && (live === true || content === true))
      throw cliError(
        "USAGE",
        "--live and --content compare with the tenant; they do not go with a second archive",
      );
    const body = { archive, with: other, content, ...readReadFlags(flags, context.env) };
    const end = await printLines<DifferenceLine>(context, {
      path: "/api/admin/archives/diff",
      body,
      describe: differenceLine,
    });
    context.output.note(differencesSummary(end as DifferencesEnd));
    return undefined;
  });
}
