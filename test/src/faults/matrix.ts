/** Runs the combinations of a test file one by one, and reports them as a table. */
import type { Test } from "tap";
import { SUMMARY } from "../ci/summary-line.js";
import { tableOf } from "./row.js";
import type { Combination, Row } from "./row.js";

export interface Matrix<C extends Combination> {
  readonly title: string;
  readonly combinations: readonly C[];
  /** Undefined where the point was not reached, so that nothing was tried. */
  readonly run: (combination: C) => Promise<Row | undefined>;
  /** A backup and a restore without a fault: what goes wrong with them. */
  readonly cleanRun: () => Promise<readonly string[]>;
  /** Fewer combinations than this: the plan, or the agent, has lost its points. */
  readonly minimum: number;
}

/** Each combination is also the next one's gateway at work; these runs show what a job that is struck does not get to. */
const CLEAN_RUN_EVERY = 8;

export async function runMatrix<C extends Combination>(
  t: Test,
  { title, combinations, run, cleanRun, minimum }: Matrix<C>,
): Promise<void> {
  const rows: Row[] = [];
  for (const combination of combinations) {
    const row = await run(combination);
    if (row === undefined) continue;
    rows.push(row);
    t.same(row.violations, [], `${row.scenario}, ${row.point}, time ${row.hit}: ${row.fault}`);
    if (rows.length % CLEAN_RUN_EVERY === 0) t.same(await cleanRun(), [], "a backup and a restore work");
  }
  t.same(await cleanRun(), [], "after all of them a backup and a restore work");
  report(t, title, rows, minimum);
}

export function report(t: Test, title: string, rows: readonly Row[], minimum: number): void {
  t.ok(rows.length >= minimum, `${title}: ${rows.length} combinations, at least ${minimum}`);
  for (const line of tableOf(title, rows)) t.comment(`${SUMMARY}${line}`);
}
