/** Which programs `--pipe` may run: those that the config allows, with the options that it names, and nothing else. */
import { accessSync, constants, realpathSync } from "node:fs";
import { join } from "node:path";
import type { BackupConfig } from "../config.js";
import { BackupError } from "../errors.js";
import type { PipeCommand } from "./thread/encryption.js";

/** Where they are installed, these are allowed unless the config says otherwise; both take the same options. */
const DEFAULT_PROGRAMS = ["age", "rage"];
const DEFAULT_OPTIONS = ["-e", "-d", "-r", "-R", "-a", "-i"];
/** Searched after the directories of the gateway's PATH. */
const DIRECTORIES = ["/usr/local/bin", "/usr/bin", "/bin"];

/** Options of age and rage that are followed by a value: age(1), "OPTIONS". */
const OPTIONS_WITH_VALUE = ["-r", "-R", "-i"];

/** Private keys of age, which have no place among a process's arguments. */
const SECRET_KEY = /AGE-SECRET-KEY-/i;

interface AllowedProgram {
  /** Links resolved; undefined: it is not there. */
  readonly program: string | undefined;
  readonly path: string;
  readonly options: readonly string[];
}

export class Pipes {
  readonly #allowed: ReadonlyMap<string, AllowedProgram>;

  /** Looks for the programs now: what is put in the way of their names later is not run. */
  constructor(config: BackupConfig["pipe"], env: Readonly<Record<string, string | undefined>>) {
    const configured = config?.allow ?? installed(env["PATH"] ?? "");
    this.#allowed = new Map(
      Object.entries(configured).map(([name, { path, options }]) => [
        name,
        { path, options, program: executable(path) },
      ]),
    );
  }

  /**
   * The command that a text such as `age -r age1…` stands for. Throws `PIPE_NOT_ALLOWED` with the word that is not allowed,
   * and `PIPE_UNAVAILABLE` where the program is not there.
   */
  command(text: string): PipeCommand {
    if (SECRET_KEY.test(text))
      throw notAllowed("it holds a private key, which every user of the machine could read", {
        hint: "Put the key into a file on the gateway's machine: --pipe 'age -d -i /path/to/key.txt', or use --identity.",
      });
    const [name = "", ...args] = words(text);
    const allowed = this.#allowed.get(name);
    if (allowed === undefined) {
      const known = [...this.#allowed.keys()];
      throw notAllowed(
        `'${name}' is no program that may be run; ${known.length === 0 ? "none is allowed" : `allowed are ${known.join(", ")}`}`,
      );
    }
    checkArguments(name, args, allowed.options);
    if (allowed.program === undefined)
      throw new BackupError(
        "PIPE_UNAVAILABLE",
        `${name} was not there when the gateway started: ${allowed.path}.`,
      );
    return { name, program: allowed.program, args };
  }
}

function checkArguments(name: string, args: readonly string[], options: readonly string[]): void {
  let takesValue = false;
  for (const arg of args) {
    if (takesValue && !arg.startsWith("-")) {
      takesValue = false;
      continue;
    }
    if (takesValue) throw notAllowed(`'${arg}' stands where an option of ${name} wants its value`);
    const [option = "", value] = arg.split("=", 2);
    const withValue = `${option}=`;
    if (!options.includes(option) && !options.includes(withValue))
      throw notAllowed(
        arg.startsWith("-")
          ? `${name} may not be given ${option}, only ${options.join(" ")}`
          : `${name} may not be given '${arg}': it works on the archive, and on no file`,
      );
    takesValue = value === undefined && (options.includes(withValue) || OPTIONS_WITH_VALUE.includes(option));
  }
  if (takesValue) throw notAllowed(`the last option of ${name} wants a value`);
}

/** Words as in a shell, as far as quotes go. */
function words(text: string): string[] {
  if (text.includes("\0")) throw notAllowed("it holds a NUL");
  const found: string[] = [];
  for (const [whole] of text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g))
    found.push(whole.replace(/(["'])([^]*?)\1/g, "$2"));
  if (/["']/.test(text.replace(/"[^"]*"|'[^']*'/g, ""))) throw notAllowed("a quote is never closed");
  return found;
}

function notAllowed(reason: string, options: { readonly hint?: string } = {}): BackupError {
  return new BackupError("PIPE_NOT_ALLOWED", `This pipe is not run: ${reason}.`, options);
}

function installed(path: string): NonNullable<NonNullable<BackupConfig["pipe"]>["allow"]> {
  const directories = [...path.split(":").filter((directory) => directory.startsWith("/")), ...DIRECTORIES];
  const found: [string, { path: string; options: string[] }][] = [];
  for (const name of DEFAULT_PROGRAMS) {
    const program = directories.map((directory) => join(directory, name)).find((file) => executable(file));
    if (program !== undefined) found.push([name, { path: program, options: DEFAULT_OPTIONS }]);
  }
  return Object.fromEntries(found);
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
