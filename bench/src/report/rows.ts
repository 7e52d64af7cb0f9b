/** Order of tools and steps in tables and plots: as they were measured. */
import type { Run } from "../results/results.js";

export function toolsOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.map(({ tool }) => tool))];
}

export function stepsOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.map(({ step }) => step))];
}
