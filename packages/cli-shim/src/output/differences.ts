/** What people read of the differences between archives. */
import type { DifferenceLine, DifferencesEnd, EntryFacts } from "../views.js";
import { nameOf } from "./contents.js";
import { formatBytes, formatCount } from "./format.js";

const MARKS = { added: "+", removed: "-", changed: "~", unexplained: "?" } as const;

/** `~ workspace/a.md  size, content (1.00 kB → 2.00 kB)`. */
export function differenceLine(line: DifferenceLine): string {
  const path = nameOf(line.path, line.path64);
  const { type } = "type" in line ? line : line.after;
  const name = `${MARKS[line.kind]} ${path === "" ? "." : path}${type === "directory" ? "/" : ""}`;
  if ("type" in line) return type === "file" ? `${name}  ${formatBytes(line.size)}` : name;
  const from = line.changes.flatMap((change) => fromTo(change, line.before, line.after));
  return `${name}  ${line.changes.join(", ")}${from.length === 0 ? "" : ` (${from.join(", ")})`}`;
}

function fromTo(change: string, before: EntryFacts, after: EntryFacts): string[] {
  switch (change) {
    case "size":
      return [`${formatBytes(before.size)} → ${formatBytes(after.size)}`];
    case "mode":
      return [`${before.mode.toString(8)} → ${after.mode.toString(8)}`];
    case "type":
      return [`${before.type} → ${after.type}`];
    case "target":
      return [`${nameOf(before.target, before.target64)} → ${nameOf(after.target, after.target64)}`];
    default:
      return [];
  }
}

export function differencesSummary({
  added,
  removed,
  changed,
  unexplained,
  unchanged,
}: DifferencesEnd): string {
  const figures = [
    `${formatCount(added)} added`,
    `${formatCount(removed)} removed`,
    `${formatCount(changed)} changed`,
    ...(unexplained === 0 ? [] : [`${formatCount(unexplained)} with other content at the same time (?)`]),
    `${formatCount(unchanged)} unchanged`,
  ];
  return figures.join(", ");
}
