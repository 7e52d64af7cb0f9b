import { shownName } from "@openclaw/ui-kit";

/** A value of somebody else's, as it can be shown. */
export function valueText(value: unknown): string {
  return shownName(typeof value === "string" ? value : JSON.stringify(value));
}
