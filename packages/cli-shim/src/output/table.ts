export interface Column<Row> {
  readonly title: string;
  readonly align?: "left" | "right";
  cell(row: Row): string;
}

/** Aligned columns, two spaces apart, a line of titles first. A column without any content is left out. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const shown = columns
    .map((column) => ({ ...column, cells: rows.map((row) => column.cell(row)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""))
    .map((column) => ({
      ...column,
      width: Math.max(column.title.length, ...column.cells.map((cell) => cell.length)),
    }));
  const line = (content: (column: (typeof shown)[number]) => string): string =>
    shown
      .map((column) =>
        column.align === "right"
          ? content(column).padStart(column.width)
          : content(column).padEnd(column.width),
      )
      .join("  ")
      .trimEnd();
  return [line(({ title }) => title), ...rows.map((_, index) => line(({ cells }) => cells[index] ?? ""))];
}

/** `name   value` lines; a fact without a value is left out. */
export function formatFacts(
  facts: readonly (readonly [name: string, value: string | undefined])[],
): string[] {
  const known = facts.filter(
    (fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== "",
  );
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
