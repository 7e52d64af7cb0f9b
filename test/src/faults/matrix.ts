/** Runs the combinations of a test file one by one, and reports them as a table. */
import type { Test } from "tap";
import { SUMMARY } from "../ci/summary-line.js";
import { tableOf } from "./row.js";
import type { Combination, Row } from "./row.js";

/**
 * @param run Undefined where the point was not reached, so that nothing was tried.
 * @param minimum Fewer combinations than this: the plan, or the agent, has lost its points.
 */
export async function runMatrix<C extends Combination>(
  t: Test,
  title: string,
  combinations: readonly C[],
  run: (combination: C) => Promise<Row | undefined>,
  minimum: number,
): Promise<void> {
  const rows: Row[] = [];
  for (const combination of combinations) {
    const row = await run(combination);
    if (row === undefined) continue;
    rows.push(row);
    t.same(row.violations, [], `${row.scenario}, ${row.point}, time ${row.hit}: ${row.fault}`);
  }
  report(t, title, rows, minimum);
}

export function report(t: Test, title: string, rows: readonly Row[], minimum: number): void {
  t.ok(rows.length >= minimum, `${title}: ${rows.length} combinations, at least ${minimum}`);
  for (const line of tableOf(title, rows)) t.comment(`${SUMMARY}${line}`);
}
