/**
 * Compares this project with other tools, side by side, and writes RESULTS.md.
 *
 *     pnpm bench --help
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { argv, exit, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { Lab } from "./lab.js";
import { parseOptions, USAGE } from "./options.js";
import type { BenchOptions } from "./options.js";
import { renderPlots, renderReport } from "./report/report.js";
import { describeMachine } from "./results/machine.js";
import { mergeResults, readResults, writeResults } from "./results/results-file.js";
import type { Results } from "./results/results.js";
import { Notebook } from "./scenario.js";
import type { Scenario } from "./scenario.js";
import { SCENARIOS } from "./scenarios/index.js";
import { findPrograms, installPrograms } from "./tools/programs.js";

/** As a shell counts it: 128 and the signal's number. */
const INTERRUPTED = 130;

const HOME = fileURLToPath(new URL("..", import.meta.url));

try {
  await main(argv.slice(2));
} catch (error) {
  stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  exit(1);
}

async function main(args: readonly string[]): Promise<void> {
  // `pnpm bench -- --list` hands the two dashes on.
  const given = args.filter((arg) => arg !== "--");
  if (given.includes("--help")) {
    stdout.write(USAGE);
    return;
  }
  const options = parseOptions(given);
  if (options.list) {
    for (const { id, title } of SCENARIOS) stdout.write(`${id.padEnd(18)}${title}\n`);
    return;
  }
  const chosen = choose(options.scenarios);
  const out = resolve(options.out ?? HOME);
  mkdirSync(out, { recursive: true });
  if (!options.report) await measure(chosen, options, given, join(out, "results.json"));
  const results = readResults(join(out, "results.json"));
  if (results === undefined) throw new Error(`${out} holds no results.json: nothing was measured yet`);
  write(out, results);
}

function choose(ids: readonly string[]): readonly Scenario[] {
  const unknown = ids.find((id) => !SCENARIOS.some((scenario) => scenario.id === id));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}; --list has them`);
  return ids.length === 0 ? SCENARIOS : SCENARIOS.filter(({ id }) => ids.includes(id));
}

/** Each scenario's result is saved as soon as it is there; one that fails does not keep the others from being measured. */
async function measure(
  scenarios: readonly Scenario[],
  options: BenchOptions,
  args: readonly string[],
  path: string,
): Promise<void> {
  if (options.install) await installPrograms();
  const programs = await findPrograms();
  const machine = await describeMachine(programs);
  // Where the results go and what was installed changes nothing.
  const flags = args.filter((arg) => arg !== "--install" && arg !== "--out" && arg !== options.out);
  for (const scenario of scenarios) {
    stdout.write(`${scenario.title}\n`);
    const lab = new Lab(options, programs);
    const notebook = new Notebook((line) => stdout.write(`${line}\n`));
    const interrupted = () => void lab.close().finally(() => exit(INTERRUPTED));
    process.once("SIGINT", interrupted);
    try {
      await scenario.run(lab, notebook);
    } catch (error) {
      process.exitCode = 1;
      stderr.write(`bench: ${scenario.id}: ${error instanceof Error ? error.message : String(error)}\n`);
      continue;
    } finally {
      process.off("SIGINT", interrupted);
      await lab.close();
    }
    const { runs, notes, commands } = notebook;
    const result = {
      id: scenario.id,
      machine,
      date: new Date().toISOString(),
      command: [
        "npx -y pnpm@10 bench",
        scenario.id,
        ...flags.filter((arg) => !options.scenarios.includes(arg)),
      ].join(" "),
      settings: scenario.settings(options),
      runs,
      notes,
      commands,
    };
    writeResults(path, mergeResults(readResults(path), result));
  }
}

function write(out: string, results: Results): void {
  const plots = join(out, "plots");
  mkdirSync(plots, { recursive: true });
  for (const { file, svg } of renderPlots(results, SCENARIOS)) writeFileSync(join(plots, file), svg);
  writeFileSync(join(out, "RESULTS.md"), renderReport(results, SCENARIOS));
  stdout.write(`wrote ${join(out, "RESULTS.md")}\n`);
}
