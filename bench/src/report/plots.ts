/** Which plots a scenario's result gives. */
import { OURS } from "../results/results.js";
import type { Metric, ScenarioResult } from "../results/results.js";
import { summarise, valuesOf } from "../results/statistics.js";
import { METRICS } from "./format.js";
import { barChart, lineChart } from "./svg.js";
import type { Series } from "./svg.js";
import { DAY } from "../scenarios/thirty-days.js";
import { stepsOf, toolsOf } from "./rows.js";

export interface Plot {
  /** `first-s3-time.svg` */
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** Metrics that are worth a plot of bars, with the word in the file's name. */
const BARS: readonly (readonly [Metric, string])[] = [
  ["ms", "time"],
  ["sentBytes", "sent"],
  ["peakBytes", "memory"],
  ["p99", "p99"],
];
const LINES: readonly (readonly [Metric, string])[] = [
  ["ms", "time"],
  ["sentBytes", "sent"],
];

/** @param title of the scenario */
export function plotsOf(result: ScenarioResult, title: string): Plot[] {
  return result.runs.some(({ step }) => step === DAY) ? dayPlots(result) : barPlots(result, title);
}

function barPlots({ id, runs }: ScenarioResult, title: string): Plot[] {
  const tools = toolsOf(runs);
  const steps = stepsOf(runs);
  return BARS.flatMap(([metric, word]) => {
    // A plot of latencies needs no plot of how long they were measured.
    if (metric === "ms" && runs.some(({ values }) => values.p99 !== undefined)) return [];
    const bars = steps.flatMap((step) =>
      tools.flatMap((tool) => {
        const summary = summarise(valuesOf(runs, { tool, step }, metric));
        if (summary === undefined) return [];
        const label = steps.length === 1 ? tool : tools.length === 1 ? step : `${step}: ${tool}`;
        return {
          label,
          value: summary.median,
          least: summary.least,
          most: summary.most,
          isOurs: tool === OURS,
        };
      }),
    );
    if (bars.length < 2) return [];
    const { title: name, format } = METRICS[metric];
    const full = `${title}: ${name}`;
    return [{ file: `${id}-${word}.svg`, title: full, svg: barChart({ title: full, bars, format }) }];
  });
}

function dayPlots({ id, runs }: ScenarioResult): Plot[] {
  const days = runs.filter(({ step }) => step === DAY);
  const seriesOf = (tool: string, metric: Metric, label: string): Series => ({
    label,
    isOurs: label === OURS,
    points: days.flatMap(({ tool: its, round, values }) => {
      const value = values[metric];
      return its === tool && value !== undefined ? [[round, value] as const] : [];
    }),
  });
  return LINES.map(([metric, word]) => {
    const { title: name, format } = METRICS[metric];
    const series = toolsOf(days).map((tool) => seriesOf(tool, metric, tool));
    if (metric === "sentBytes")
      series.push(seriesOf(OURS, "changedCompressedBytes", "truly changed, zstd -3"));
    const title = `A day's backup: ${name}`;
    const drawn = series.filter(({ points }) => points.length > 0);
    return {
      file: `${id}-${word}.svg`,
      title,
      svg: lineChart({ title, xLabel: "day", series: drawn, format }),
    };
  });
}
