/** How far apart the runs of a schedule lie at most: what whoever waits for one has to bear. */
import { nextLocalTime, type CronFields } from "./fields.js";

const DAY_MS = 86_400_000;

/** Long enough for every pattern of months and weekdays but those that come less than once in four years. */
const LOOK_AHEAD_MS = 4 * 366 * DAY_MS;

/**
 * The longest time between two runs, one after the other, from the local time `after` on; milliseconds as a clock on the
 * wall counts them, so it may be an hour more or less where clocks are set. Undefined: it never runs twice.
 */
export function longestInterval(fields: CronFields, after: number): number | undefined {
  const seconds = spread(fields.seconds, { step: 1, inner: { longest: 0, span: 0 } });
  const minutes = spread(fields.minutes, { step: 60, inner: seconds });
  const hours = spread(fields.hours, { step: 3600, inner: minutes });
  const days = longestOfDays(fields, after);
  if (days === undefined) return undefined;
  return Math.max(hours.longest * 1000, days - hours.span * 1000);
}

/** Of values that come one after the other, in seconds: the longest step between two, and from the first to the last. */
interface Spread {
  readonly longest: number;
  readonly span: number;
}

/** `values`, each of `step` seconds, with `inner` happening in each of them. */
function spread(
  values: readonly number[],
  { step, inner }: { readonly step: number; readonly inner: Spread },
): Spread {
  let { longest } = inner;
  let before: number | undefined;
  for (const value of values) {
    if (before !== undefined) longest = Math.max(longest, (value - before) * step - inner.span);
    before = value;
  }
  return { longest, span: ((values.at(-1) ?? 0) - (values[0] ?? 0)) * step + inner.span };
}

/** The longest time between the beginnings of two days that match, one after the other. */
function longestOfDays(fields: CronFields, after: number): number | undefined {
  const everyDay: CronFields = { ...fields, hours: [0], minutes: [0], seconds: [0] };
  const until = after + LOOK_AHEAD_MS;
  let longest: number | undefined;
  let day = nextLocalTime(everyDay, after);
  while (day !== undefined && (longest === undefined || day < until)) {
    const next = nextLocalTime(everyDay, day);
    if (next !== undefined) longest = Math.max(longest ?? 0, next - day);
    day = next;
  }
  return longest;
}
