/** `openclaw backups rekey`. */
import { Option, type Command } from "commander";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { finishJob } from "../jobs/wait.js";
import { rekeySummary } from "../output/summaries.js";
import type { JobView } from "../views.js";
import {
  addDecryptFlags,
  addEncryptFlags,
  addExamples,
  addS3Flags,
  addWaitFlags,
  readEncryptFlags,
  readReadFlags,
  type EncryptFlags,
  type ReadFlags,
  type WaitFlags,
} from "./options.js";

interface RekeyFlags extends ReadFlags, EncryptFlags, WaitFlags {
  readonly to?: string;
  readonly overwrite?: true;
  readonly decryptPipe?: string;
}

export function addRekeyCommand(backups: Command, context: Context): void {
  const command = backups
    .command("rekey <archive>")
    .summary("encrypt an archive anew, to other recipients")
    .description(
      "Open an archive, and encrypt it anew: in its place, or with --to beside it. The old one is read whole and checked before " +
        "it is replaced; no tenant is touched. An archive that is not encrypted yet is encrypted. ARCHIVE is its id in the " +
        "catalogue, or where it is: s3://bucket/key, dest:NAME/key, or a path.",
    )
    .option("--to <location>", "where the new archive goes; default: in the place of the old one")
    .option("--overwrite", "with --to: replace an archive that is already there");
  addEncryptFlags(command);
  addDecryptFlags(command, { withPipe: false }).addOption(
    new Option("--decrypt-pipe <command>", "a program of the gateway's machine that opens it").conflicts([
      "identity",
      "passphrase",
    ]),
  );
  addWaitFlags(command);
  addS3Flags(command);
  addExamples(command, [
    "openclaw backups rekey a0mdq3x5k1c9r7w2hz --identity old-key.txt --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "openclaw backups rekey dest:offsite/acme/2026-06-03.tar.zst.age --identity old-key.txt --to dest:vault/acme/2026-06-03.tar.zst.age",
  ]);
  context.action(command, async (archive: string, flags: RekeyFlags) => {
    const { to, overwrite, recipient, pipe, decryptPipe, ...keys } = flags;
    if (overwrite === true && to === undefined)
      throw cliError("USAGE", "--overwrite goes with --to; without it, the archive is replaced anyway");
    const body = {
      archive,
      to,
      overwrite,
      ...readEncryptFlags({ ...(recipient && { recipient }), ...(pipe && { pipe }) }),
      ...readReadFlags({ ...keys, ...(decryptPipe && { pipe: decryptPipe }) }, context.env),
    };
    const { job } = (await context.client().request("POST", "/api/admin/backups/rekey", { body })) as {
      readonly job: JobView;
    };
    return finishJob(context, job, { wait: flags.wait !== false, summary: rekeySummary });
  });
}
