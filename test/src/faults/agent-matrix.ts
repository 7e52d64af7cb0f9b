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
  readonly scenario: "backup" | "restore" | "forced restore";
  /** Which combinations a clean run gives rise to. */
  readonly plan: (scenario: string, trace: readonly string[]) => readonly AgentCombination[];
  /** See `runMatrix`. */
  readonly minimum: number;
}

/** Enough for a file that has segments of its own. */
const NOISE_BYTES = 1_500_000;

export async function agentMatrix(
  t: Test,
  { title, scenario: name, plan, minimum }: AgentMatrix,
): Promise<void> {
  const faultBed = await FaultBed.start(t);
  const source = await makeSource(t, faultBed, NOISE_BYTES);
  const all = new Scenarios(faultBed, source, `${faultBed.bed.archives}/`);
  const scenario =
    name === "backup" ? all.backup() : await (name === "restore" ? all.restore() : all.forcedRestore());
  const trace = await faultBed.trace(() => scenario.run());
  t.same(await scenario.judge(true), [], `a ${name} without a fault`);
  // Extraction is the same in both kinds of restore.
  const isTriedElsewhere = (point: string): boolean =>
    name === "forced restore" && /^(extract|write)-thread /.test(point);
  await runMatrix(t, {
    title,
    combinations: plan(name, trace).filter(({ point }) => !isTriedElsewhere(point)),
    run: (combination) => runRow(faultBed, scenario, combination),
    cleanRun: () => all.cleanRun(),
    minimum,
  });
}
