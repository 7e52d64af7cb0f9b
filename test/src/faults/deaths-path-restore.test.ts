import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { deaths } from "./faults.js";
import type { AgentCombination } from "./faults.js";

/** From where on a restore of paths goes its own way: what it does before, whole restores do as well. */
const OF_ITS_OWN = /^(gateway|job-thread) .*(→|tenant's entry|trash|swaps|(fsync|rmdir) staging)/;

function ownDeaths(scenario: string, trace: readonly string[]): AgentCombination[] {
  return deaths(scenario, trace).filter(({ point, fault }) => fault === "SIGKILL" && OF_ITS_OWN.test(point));
}

for (const [scenario, minimum] of [
  ["restore in place", 9],
  ["restore beside", 9],
] as const) {
  t.test(`a ${scenario} may die at any point that is its own`, (t) =>
    agentMatrix(t, { title: `deaths in a ${scenario}`, scenario, plan: ownDeaths, minimum }),
  );
}
