/** Everything that the fault agent can do to a backup to disk, or to a restore from it. */
import type { Test } from "tap";
import { FaultBed } from "./fault-bed.js";
import type { AgentCombination } from "./faults.js";
import { runMatrix } from "./matrix.js";
import { runRow } from "./run-row.js";
import { Scenarios } from "./scenarios.js";
import { makeSource } from "./source-tenant.js";

export interface AgentMatrix {
  readonly title: string;
  readonly scenario: keyof typeof scenarios;
  /** Which combinations a clean run gives rise to. */
  readonly plan: (scenario: string, trace: readonly string[]) => readonly AgentCombination[];
  /** See `runMatrix`. */
  readonly minimum: number;
}

/** How each begins. */
const scenarios = {
  backup: (all: Scenarios) => Promise.resolve(all.backup()),
  restore: (all: Scenarios) => all.restore(),
  "forced restore": (all: Scenarios) => all.forcedRestore(),
  "restore in place": (all: Scenarios) => all.restoreInPlace(),
  "restore beside": (all: Scenarios) => all.restoreBeside(),
};

/** Enough for a file that has segments of its own. */
const NOISE_BYTES = 1_500_000;

export async function agentMatrix(
  t: Test,
  { title, scenario: name, plan, minimum }: AgentMatrix,
): Promise<void> {
  const faultBed = await FaultBed.start(t);
  const source = await makeSource(t, faultBed, NOISE_BYTES);
  const all = new Scenarios(faultBed, source, `${faultBed.bed.archives}/`);
  const scenario = await scenarios[name](all);
  const trace = await faultBed.trace(() => scenario.run());
  t.same(await scenario.judge(true), [], `a ${name} without a fault`);
  // Extraction is the same in all kinds of restore.
  const isTriedElsewhere = (point: string): boolean =>
    name !== "backup" && name !== "restore" && /^(extract|write)-thread /.test(point);
  await runMatrix(t, {
    title,
    combinations: plan(name, trace).filter(({ point }) => !isTriedElsewhere(point)),
    run: (combination) => runRow(faultBed, scenario, combination),
    cleanRun: () => all.cleanRun(),
    minimum,
  });
}
