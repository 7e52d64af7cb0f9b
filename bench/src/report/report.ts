/** RESULTS.md, made from the results alone. */
import { OURS } from "../results/results.js";
import type { Machine, Metric, Results, Run, ScenarioResult } from "../results/results.js";
import { medianOf, summarise, valuesOf } from "../results/statistics.js";
import type { Summary } from "../results/statistics.js";
import type { Scenario } from "../scenario.js";
import { formatBytes, formatRatio, METRICS } from "./format.js";
import { GOALS, judge } from "./goals.js";
import { plotsOf } from "./plots.js";
import type { Plot } from "./plots.js";
import { stepsOf, toolsOf } from "./rows.js";

/** The whole report. Scenarios that were not run are left out. */
export function renderReport(results: Results, scenarios: readonly Scenario[]): string {
  const measured = scenarios.flatMap((scenario) => {
    const result = results.scenarios[scenario.id];
    return result === undefined ? [] : [{ scenario, result }];
  });
  const machines = machinesOf(measured.map(({ result }) => result));
  return [
    "# Benchmarks",
    HOW,
    machines.size > 1 ? "## Machines" : "## Machine",
    ...[...machines.values()].map(machineList),
    "## Goals",
    goalTable(results, scenarios),
    ...measured.flatMap(({ scenario, result }) => section(scenario, result, machines.size > 1)),
    "",
  ].join("\n\n");
}

/** The plots of all scenarios that were run. */
export function renderPlots(results: Results, scenarios: readonly Scenario[]): Plot[] {
  return scenarios.flatMap(({ id, title }) => {
    const result = results.scenarios[id];
    return result === undefined ? [] : plotsOf(result, title);
  });
}

const HOW = `Made by \`npx -y pnpm@10 bench\` from \`results.json\`; \`docs/development.md\` says how. Times are medians over rounds in which the tools run
in turn (A B C A B C …), with the least and the most in parentheses. Before each run: \`sync\`, then a wait until the processors are at
rest, then the tenant is read, so that it is in the page cache for every tool alike. This project is called by its routes on a gateway
that runs already; the rivals are started as commands. Bytes and requests are counted by a proxy between every tool and the store,
heads of requests and answers included. Peak memory is the sum over a tool's process and all its children of each one's highest
resident set, looked at 20 times a second; this project's is that of its whole gateway.`;

/** Where a goal that was missed is explained, at an anchor with the scenario's id. */
const PERFORMANCE = "../docs/performance.md";

/** The machines by their names, each as it was when it was last measured on. */
function machinesOf(results: readonly ScenarioResult[]): Map<string, Machine> {
  const inOrder = results.toSorted((one, other) => Date.parse(one.date) - Date.parse(other.date));
  return new Map(inOrder.map(({ machine }) => [nameOf(machine), machine]));
}

function nameOf({ processor, cores }: Machine): string {
  return `${processor}, ${cores} cores`;
}

function machineList(machine: Machine): string {
  const { memoryBytes, kernel, system, disk, versions } = machine;
  return [
    `- ${nameOf(machine)}, ${formatBytes(memoryBytes)} of memory`,
    `- ${system}, Linux ${kernel}`,
    `- temporary files: ${disk}`,
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
  ].join("\n");
}

function goalTable(results: Results, scenarios: readonly Scenario[]): string {
  const rows = scenarios.flatMap(({ id, title }) =>
    GOALS.filter((goal) => goal.scenario === id).map((goal) => {
      const verdict = judge(goal, results);
      const missed = `**not met** ([why](${PERFORMANCE}#${id}))`;
      const outcome = verdict === undefined ? "not measured" : verdict.met ? "met" : missed;
      return [title, goal.text, outcome, verdict?.by ?? ""];
    }),
  );
  return table(["scenario", "goal", "", "measured (limit)"], rows);
}

function section(scenario: Scenario, result: ScenarioResult, namesMachine: boolean): string[] {
  const days = result.runs.some(({ values }) => values.changedBytes !== undefined);
  return [
    `## ${scenario.title}`,
    scenario.about,
    `${result.date.slice(0, 10)}; ${result.settings}${namesMachine ? `; on ${nameOf(result.machine)}` : ""}. Again: \`${result.command}\``,
    resultTable(result.runs),
    ...(days ? ["The medians of rounds with different changes; the plots and results.json have each."] : []),
    ...plotsOf(result, scenario.title).map(({ file, title }) => `![${title}](plots/${file})`),
    ...(result.notes.length === 0 ? [] : [result.notes.map((note) => `- ${note}`).join("\n")]),
    ...(Object.keys(result.commands).length === 0 ? [] : [commandList(result.commands)]),
  ];
}

function commandList(commands: Readonly<Record<string, string>>): string {
  const lines = Object.entries(commands).map(([name, command]) => `# ${name}\n${command}`);
  return `<details><summary>Commands of the rivals</summary>\n\n\`\`\`sh\n${lines.join("\n")}\n\`\`\`\n\n</details>`;
}

function resultTable(runs: readonly Run[]): string {
  const metrics = (Object.keys(METRICS) as Metric[]).filter((metric) =>
    runs.some(({ values }) => values[metric] !== undefined),
  );
  const titles = metrics.flatMap((metric) =>
    metric === "ms" ? [METRICS.ms.title, `of ${OURS}'s`] : [METRICS[metric].title],
  );
  const rows = stepsOf(runs).flatMap((step) =>
    toolsOf(runs.filter((run) => run.step === step)).map((tool) => [
      step,
      tool,
      ...metrics.flatMap((metric) => cells(runs, { tool, step }, metric)),
    ]),
  );
  return table(["", "", ...titles], rows);
}

function cells(
  runs: readonly Run[],
  which: { readonly tool: string; readonly step: string },
  metric: Metric,
): string[] {
  const summary = summarise(valuesOf(runs, which, metric));
  const text = summary === undefined ? "" : withSpread(summary, metric);
  if (metric !== "ms") return [text];
  const own = medianOf(runs, { tool: OURS, step: which.step }, "ms");
  if (which.tool === OURS || own === undefined || summary === undefined) return [text, ""];
  return [text, formatRatio(summary.median / own)];
}

/** Only times have a spread worth the room. */
function withSpread({ median, least, most, rounds }: Summary, metric: Metric): string {
  const { format } = METRICS[metric];
  const spread = metric === "ms" && rounds > 1 ? ` (${format(least)} – ${format(most)})` : "";
  return format(median) + spread;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cellsOfRow: readonly string[]) =>
    `| ${cellsOfRow.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
