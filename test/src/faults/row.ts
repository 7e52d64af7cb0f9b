/** One row of the matrix, and the table of them. */

/** A point and what goes wrong there. */
export interface Combination {
  /** `backup to disk`, `forced restore`, … */
  readonly scenario: string;
  /** `PLACE OPERATION CLASS`, or a request to the store. */
  readonly point: string;
  /** Which time that the point is passed, from 1. */
  readonly hit: number;
  readonly fault: string;
}

export interface Row extends Combination {
  /** How the job ended; `refused` where there was none, because the request was answered with an error. */
  readonly ended: string;
  readonly code: string;
  /** What was found to be as it must be. */
  readonly checked: readonly string[];
  /** What was not: a bug, each. */
  readonly violations: readonly string[];
}

const COLUMNS = ["scenario", "point", "hit", "fault", "ended", "error", "checked"] as const;

/** The rows as lines of text, columns aligned, with how often each way of ending occurred below. */
export function tableOf(title: string, rows: readonly Row[]): string[] {
  const cells = rows.map((row) => [
    row.scenario,
    row.point,
    String(row.hit),
    row.fault,
    row.ended,
    row.code,
    row.violations.length === 0 ? row.checked.join(", ") : `VIOLATED: ${row.violations.join("; ")}`,
  ]);
  const widths = COLUMNS.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ");
  const ends = new Map<string, number>();
  for (const { ended, code } of rows) {
    const end = code === "" ? ended : `${ended} (${code})`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const sums = [...ends].sort().map(([end, count]) => `${count} ${end}`);
  return [
    `${title}: ${rows.length} combinations of point and fault; ${sums.join(", ")}`,
    line(COLUMNS),
    ...cells.map(line),
  ];
}
