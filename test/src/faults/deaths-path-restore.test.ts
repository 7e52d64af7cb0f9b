import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { deaths } from "./faults.js";
import type { AgentCombination } from "./faults.js";

/** From where on a restore of paths goes its own way: what it does before, whole restores do as well. */
const OF_ITS_OWN = /→|tenant's entry|trash|swaps|(fsync|rmdir|unlink|rm) staging/;

function ownDeaths(scenario: string, trace: readonly string[]): AgentCombination[] {
  return deaths(scenario, trace).filter(({ point, fault }) => fault === "SIGKILL" && OF_ITS_OWN.test(point));
}

for (const [scenario, minimum] of [
  ["restore in place", 1],
  ["restore beside", 1],
] as const) {
  t.test(`a ${scenario} may die at any point that is its own`, (t) =>
    agentMatrix(t, { title: `deaths in a ${scenario}`, scenario, plan: ownDeaths, minimum }),
  );
}
