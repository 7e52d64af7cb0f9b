/** Everything that the fault agent can do to a backup to disk, or to a restore from it. */
import type { Test } from "tap";
import { FaultBed } from "./fault-bed.js";
import type { AgentCombination } from "./faults.js";
import { runMatrix } from "./matrix.js";
import type { Row } from "./row.js";
import { runRow } from "./run-row.js";
import { Scenarios } from "./scenarios.js";
import { makeSource } from "./source-tenant.js";

export interface AgentMatrix {
  readonly title: string;
  readonly scenarios: "backup" | "restores";
  /** Which combinations a clean run gives rise to. */
  readonly plan: (scenario: string, trace: readonly string[]) => readonly AgentCombination[];
  /** See `runMatrix`. */
  readonly minimum: number;
}

/** Enough for a file that has segments of its own. */
const NOISE_BYTES = 1_500_000;

export async function agentMatrix(t: Test, { title, scenarios, plan, minimum }: AgentMatrix): Promise<void> {
  const faultBed = await FaultBed.start(t);
  const source = await makeSource(t, faultBed, NOISE_BYTES);
  const all = new Scenarios(faultBed, source, `${faultBed.bed.archives}/`);
  const runs = new Map<AgentCombination, () => Promise<Row | undefined>>();
  for (const scenario of scenarios === "backup"
    ? [all.backup()]
    : [await all.restore(), await all.forcedRestore()]) {
    const trace = await faultBed.trace(() => scenario.run());
    t.same(await scenario.judge(true), [], `a ${scenario.name} without a fault`);
    const tried = new Set([...runs.keys()].map(({ point }) => point));
    for (const combination of plan(scenario.name, trace))
      // Extraction is the same in both kinds of restore.
      if (!(tried.has(combination.point) && combination.point.startsWith("extract-thread ")))
        runs.set(combination, () => runRow(faultBed, scenario, combination));
  }
  await runMatrix(t, {
    title,
    combinations: [...runs.keys()],
    run: async (combination) => runs.get(combination)?.(),
    cleanRun: () => all.cleanRun(),
    minimum,
  });
}
