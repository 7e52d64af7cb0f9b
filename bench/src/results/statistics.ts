/** Medians over rounds. */
import type { Metric, Run } from "./results.js";

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: number;
}

/** Undefined for no values. The median of an even number is the mean of the two in the middle. */
export function summarise(values: readonly number[]): Summary | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return undefined;
  const upper = sorted[Math.floor(sorted.length / 2)] ?? most;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? least;
  return { median: (lower + upper) / 2, least, most, rounds: sorted.length };
}

export interface Selection {
  readonly tool: string;
  readonly step: string;
  /** Default: all. */
  readonly rounds?: { readonly from: number; readonly to: number };
}

/** The values of a metric in the selected runs, by round. */
export function valuesOf(runs: readonly Run[], selection: Selection, metric: Metric): number[] {
  const { from, to } = selection.rounds ?? { from: -Infinity, to: Infinity };
  return runs
    .filter(
      ({ tool, step, round }) =>
        tool === selection.tool && step === selection.step && round >= from && round <= to,
    )
    .sort((a, b) => a.round - b.round)
    .flatMap(({ values }) => values[metric] ?? []);
}

/** The median of a metric; undefined where nothing was measured. */
export function medianOf(runs: readonly Run[], selection: Selection, metric: Metric): number | undefined {
  return summarise(valuesOf(runs, selection, metric))?.median;
}

export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
