/**
 * `$(date +%F)` in the parameters of a schedule. It looks like the shell's, and no shell is run: the gateway fills in the
 * few formats of date(1) below when the schedule runs, in the schedule's zone, or in UTC with `-u`.
 */
import { Zone } from "./zone.js";

const DAY_MS = 86_400_000;

/** The conversions of date(1) that make sense in a name, by their letter. */
const CONVERSIONS: Readonly<Record<string, (local: Date, instant: number) => string>> = {
  Y: (local) => String(local.getUTCFullYear()),
  y: (local) => digits(local.getUTCFullYear() % 100, 2),
  m: (local) => digits(local.getUTCMonth() + 1, 2),
  d: (local) => digits(local.getUTCDate(), 2),
  H: (local) => digits(local.getUTCHours(), 2),
  M: (local) => digits(local.getUTCMinutes(), 2),
  S: (local) => digits(local.getUTCSeconds(), 2),
  F: (local) => local.toISOString().slice(0, 10),
  T: (local) => local.toISOString().slice(11, 19),
  j: (local) => digits(dayOfYear(local), 3),
  u: (local) => String(local.getUTCDay() === 0 ? 7 : local.getUTCDay()),
  G: (local) => String(isoWeek(local).year),
  V: (local) => digits(isoWeek(local).week, 2),
  s: (_local, instant) => String(Math.floor(instant / 1000)),
};

const UTC = new Zone("Etc/UTC");

/** `$(date [-u] +FORMAT)`; the format may stand in quotes of either kind. */
const DATE =
  /\$\(\s*date(?<utc>\s+(?:-u|--utc|--universal))?\s+(?<quote>["']?)\+(?<format>[^\s"')$`]*)\k<quote>\s*\)/g;

/** What is left in a format beside its conversions. */
const LITERALS = /^[A-Za-z0-9._:+-]*$/;

/** What is wrong with the `$` of a text: follows "cannot be scheduled:". Undefined: each one is a date as above. */
export function dateTextProblem(text: string): string | undefined {
  for (const { groups, 0: whole } of text.matchAll(DATE)) {
    const problem = formatProblem(groups?.["format"] ?? "");
    if (problem !== undefined) return `${whole}: ${problem}`;
  }
  const rest = text.replace(DATE, "");
  if (rest.includes("`") || rest.includes("$")) {
    return "no shell is run; of what a shell fills in, there is only $(date +FORMAT), or $(date -u +FORMAT)";
  }
  return undefined;
}

function formatProblem(format: string): string | undefined {
  if (format === "") return "the format is empty";
  for (const [conversion, letter = ""] of format.matchAll(/%(.?)/g)) {
    if (!(letter in CONVERSIONS)) {
      const known = Object.keys(CONVERSIONS).map((one) => `%${one}`);
      return `${conversion} is none of ${known.join(" ")}`;
    }
  }
  if (LITERALS.test(format.replace(/%./g, ""))) return undefined;
  return "a format holds conversions, letters, digits and any of . _ : + -";
}

/** Fills in the dates of a text that {@link dateTextProblem} has nothing against. */
export function fillDates(text: string, instant: number, zone: Zone): string {
  return text.replace(DATE, (...match) => {
    const groups = match.at(-1) as { readonly utc?: string; readonly format: string };
    const local = new Date((groups.utc === undefined ? zone : UTC).toLocal(instant));
    return groups.format.replace(/%(.)/g, (conversion, letter: string) => {
      return CONVERSIONS[letter]?.(local, instant) ?? conversion;
    });
  });
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** ISO 8601: weeks begin on Monday; the first of a year is the one with its first Thursday. */
function isoWeek(local: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(local.getTime() + (3 - ((local.getUTCDay() + 6) % 7)) * DAY_MS);
  return { year: thursday.getUTCFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}
