/** From the line of `--cmd` to a job: a table look-up, never a shell. */
import type { CommandFlag, JobCommand, JobType } from "../plugin/host.js";
import { commandWords, refused } from "./command-words.js";

export interface CommandJob {
  readonly job: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Flags of every command that change nothing about a job that nobody waits for. */
const IDLE_FLAGS = ["--wait", "--no-wait", "--json"];

/**
 * Parses a line such as `openclaw tenants backup acme --to dest:offsite`. Throws `COMMAND_REFUSED` with the reason.
 *
 * @param tenant Whose schedule it is; undefined: the gateway's. A command that names another tenant is refused.
 */
export function parseCommand(
  line: string,
  tenant: string | undefined,
  jobTypes: Iterable<JobType>,
): CommandJob {
  const [program, ...rest] = commandWords(line);
  if (program !== "openclaw") {
    throw refused(`it begins with '${program ?? ""}'; only openclaw's own commands can be scheduled`);
  }
  const candidates = commandsOf(jobTypes);
  const found = candidates.find(({ command }) => command.words.every((word, at) => rest[at] === word));
  if (found === undefined) {
    const known = candidates.map(({ command }) => `openclaw ${command.words.join(" ")}`);
    throw refused(
      `it is none of those that can be scheduled: ${known.length === 0 ? "none" : known.join(", ")}`,
    );
  }
  const { type, command } = found;
  const { operands, parameters } = parseArguments(command, rest.slice(command.words.length));
  checkOperands(type, operands, tenant);
  return { job: type.name, parameters };
}

interface Candidate {
  readonly type: JobType;
  readonly command: JobCommand;
}

function commandsOf(jobTypes: Iterable<JobType>): Candidate[] {
  const candidates: Candidate[] = [];
  for (const type of jobTypes)
    if (type.command !== undefined) candidates.push({ type, command: type.command });
  return candidates;
}

function parseArguments(
  command: JobCommand,
  words: readonly string[],
): { readonly operands: readonly string[]; readonly parameters: Readonly<Record<string, unknown>> } {
  const operands: string[] = [];
  const parameters: Record<string, unknown> = {};
  const left = [...words];
  let word: string | undefined;
  while ((word = left.shift()) !== undefined) {
    if (!word.startsWith("-")) {
      operands.push(word);
      continue;
    }
    const [name, given] = splitFlag(word);
    if (IDLE_FLAGS.includes(name) && given === undefined) continue;
    const flag = flagOf(command, name);
    const earlier = Object.hasOwn(parameters, flag.parameter) ? parameters[flag.parameter] : undefined;
    if (flag.value === "list") {
      const values = Array.isArray(earlier) ? (earlier as unknown[]) : [];
      parameters[flag.parameter] = [...values, flagValue(name, flag, given, left)];
      continue;
    }
    if (earlier !== undefined) throw refused(`${name} is given twice`);
    parameters[flag.parameter] = flagValue(name, flag, given, left);
  }
  return { operands, parameters };
}

/** `--to=x` is `--to x`. */
function splitFlag(word: string): [name: string, value?: string] {
  const at = word.indexOf("=");
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function flagOf({ words, flags, refusedFlags }: JobCommand, name: string): CommandFlag {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag !== undefined) return flag;
  const reason = Object.hasOwn(refusedFlags, name) ? refusedFlags[name] : undefined;
  if (reason !== undefined) throw refused(`${name}: ${reason}`);
  throw refused(
    `'openclaw ${words.join(" ")}' in a schedule knows no ${name}, only ${Object.keys(flags).join(", ")}`,
  );
}

function flagValue(name: string, flag: CommandFlag, given: string | undefined, left: string[]): unknown {
  if (flag.value === "none") {
    if (given !== undefined) throw refused(`${name} takes no value`);
    return true;
  }
  const value = given ?? left.shift();
  if (value === undefined || (given === undefined && value.startsWith("--"))) {
    throw refused(`${name} needs a value`);
  }
  // Numbers out of range, and texts where only a number may stand, are for the parameters' schema to refuse.
  return flag.value === "number" && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function checkOperands(type: JobType, operands: readonly string[], tenant: string | undefined): void {
  const [named, extra] = operands;
  if (type.scope === "gateway") {
    if (named !== undefined) throw refused(`'${named}' is one word too many`);
    return;
  }
  if (extra !== undefined) throw refused(`'${extra}' is one word too many`);
  if (named === undefined) throw refused("it names no tenant");
  if (tenant !== undefined && named !== tenant) {
    throw refused(`it is about tenant ${named}; a schedule of ${tenant} works on ${tenant} alone`);
  }
}
