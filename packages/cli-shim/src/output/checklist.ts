import type { ChecklistItemView } from "../views.js";

/** A line for each item, with a tick or what to do. */
export function checklistLines(items: readonly ChecklistItemView[]): string[] {
  return items.flatMap(({ name, ok, message, fix }) => {
    const line = `${ok ? "✓" : "✗"} ${name}: ${message}`;
    return ok || fix === undefined ? [line] : [line, `  → ${fix}`];
  });
}
