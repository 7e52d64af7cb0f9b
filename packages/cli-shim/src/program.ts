/** The program: its commands, its help, and how whatever happens becomes output and an exit code. */
import { readFileSync } from "node:fs";
import type { CommanderError } from "commander";
import { Command } from "commander";
import { addAuditCommands } from "./commands/audit.js";
import { addBackupCommands } from "./commands/backups.js";
import { addCronCommands } from "./commands/cron.js";
import { addDoctorCommand } from "./commands/doctor.js";
import { addGatewayCommands } from "./commands/gateway.js";
import { addGatewayBackupCommands } from "./commands/gateway-backup.js";
import { addGatewayRestoreCommand } from "./commands/gateway-restore.js";
import { addJobCommands } from "./commands/jobs.js";
import { addStatusCommand } from "./commands/status.js";
import { addTenantBackupCommands } from "./commands/tenant-backups.js";
import { addTenantCommands } from "./commands/tenants.js";
import { Context, type ProcessIo } from "./context.js";
import type { CommandError } from "./errors.js";
import { cliError, toCommandError, type ExitCode } from "./errors.js";
import { ROOT_HELP } from "./help.js";
import { Output } from "./output/output.js";

/** Runs one command line (without `node` and the script) and resolves to its exit code. Never throws. */
export async function run(args: readonly string[], io: ProcessIo): Promise<ExitCode> {
  const output = new Output({ stdout: io.stdout, stderr: io.stderr, json: wantsJson(args) });
  const context = new Context(io, output);
  try {
    await buildProgram(context).parseAsync([...args], { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof HelpShown) return 0;
    const failure = toCommandError(error);
    output.error(failure);
    return failure.exitCode;
  }
}

/** Known before parsing, because a usage error is an answer too. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}

export function buildProgram(context: Context): Command {
  const program = new Command("openclaw")
    .description("Runs an OpenClaw gateway and works with its tenants, their backups and its jobs.")
    .version(version(), "-V, --version", "display the version")
    .option("--json", "print one JSON document (JSON lines for a stream) and nothing else on stdout")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.output.help(text),
      writeErr: (text) => context.output.usage(text),
      // Told by `run`, like every other error.
      outputError: () => undefined,
    })
    .addHelpText("after", ROOT_HELP);

  const gateway = addGatewayCommands(program, context);
  addGatewayBackupCommands(gateway, context);
  addGatewayRestoreCommand(gateway, context);
  const tenants = addTenantCommands(program, context);
  addTenantBackupCommands(tenants, context);
  addBackupCommands(program, context);
  addCronCommands(program, context);
  addJobCommands(program, context);
  addAuditCommands(program, context);
  addDoctorCommand(program, context);
  addStatusCommand(program, context);
  throwInsteadOfExit(program, "openclaw");
  return program;
}

/** Commander's way out after `--help` and `--version`. */
class HelpShown extends Error {}

function throwInsteadOfExit(command: Command, path: string): void {
  command.exitOverride((error) => {
    throw translate(error, path);
  });
  for (const child of command.commands) throwInsteadOfExit(child, `${path} ${child.name()}`);
}

function translate(error: CommanderError, path: string): CommandError | HelpShown {
  switch (error.code) {
    case "commander.helpDisplayed":
    case "commander.version":
      return new HelpShown();
    case "commander.help":
      // Asked for with `openclaw help`, or shown because the command is missing.
      if (error.exitCode === 0) return new HelpShown();
      return cliError("USAGE", `\`${path}\` needs a command`, { hint: `\`${path} --help\` lists them.` });
    default:
      return cliError("USAGE", usageText(error.message), {
        hint: `\`${path} --help\` shows how it is used.`,
      });
  }
}

/** What follows an unknown flag's `=` may be a secret. */
function usageText(message: string): string {
  return message
    .replace(/^error: /, "")
    .replace(/^(unknown option '[^'=]*)=[^]*'/, "$1=…'")
    .replaceAll("\n", " ");
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
