/** Reads and writes results.json: a partial run replaces the scenarios that it ran and keeps the others. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Results, ScenarioResult } from "./results.js";

/** Undefined where nothing was measured yet. */
export function readResults(path: string): Results | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : undefined;
}

export function writeResults(path: string, results: Results): void {
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
}

/** Adds a scenario's result, or replaces it. */
export function mergeResults(before: Results | undefined, scenario: ScenarioResult): Results {
  return { scenarios: { ...before?.scenarios, [scenario.id]: scenario } };
}
