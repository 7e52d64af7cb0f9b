/** Reads and writes results.json: a partial run replaces the scenarios that it ran and keeps the others. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Machine, Results, ScenarioResult } from "./results.js";

/** Undefined where nothing was measured yet. */
export function readResults(path: string): Results | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : undefined;
}

export function writeResults(path: string, results: Results): void {
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
}

/** Adds a scenario's result. Figures of two machines do not compare: results of another kind of machine are dropped. */
export function mergeResults(
  before: Results | undefined,
  machine: Machine,
  scenario: ScenarioResult,
): Results {
  const kept = before !== undefined && isSameMachine(before.machine, machine) ? before.scenarios : {};
  return { machine, scenarios: { ...kept, [scenario.id]: scenario } };
}

function isSameMachine(one: Machine, other: Machine): boolean {
  return one.processor === other.processor && one.cores === other.cores;
}
