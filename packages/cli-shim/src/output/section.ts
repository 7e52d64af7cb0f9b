/** A part of the status that a plugin shapes itself. */
import { formatFacts, formatTable } from "./table.js";

/** Each value gets a line under its path, each list of records a table. */
export function sectionLines(section: unknown): string[] {
  const facts: [string, string][] = [];
  const tables: string[] = [];
  collect(section, "", facts, tables);
  return [...formatFacts(facts), ...tables].map((line) => (line === "" ? "" : `  ${line}`));
}

function collect(value: unknown, path: string, facts: [string, string][], tables: string[]): void {
  if (isRecord(value)) {
    for (const [name, child] of Object.entries(value)) {
      collect(child, path === "" ? name : `${path}.${name}`, facts, tables);
    }
  } else if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) {
    const names = [...new Set(value.flatMap((row) => Object.keys(row)))];
    const columns = names.map((name) => ({ title: name, cell: (row: Row) => formatValue(row[name]) }));
    tables.push("", `${path}:`, ...formatTable(value, columns));
  } else {
    facts.push([path, formatValue(value)]);
  }
}

type Row = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function formatValue(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
