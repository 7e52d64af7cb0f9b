/**
 * The rules of schedules once more, as plainly as can be: a year is walked minute by minute, with what `Intl` says that
 * clocks show, and a matcher of its own. Knows five fields, without names.
 */
const MINUTE_MS = 60_000;
const STRIDE = 15;

/** A minute of a zone, as clocks show it: minutes since the epoch as if it were UTC. */
export interface ZoneYear {
  readonly zone: string;
  /** The instant of the first minute. */
  readonly start: number;
  readonly shown: Int32Array;
}

export function zoneYear(zone: string, start: number, end: number): ZoneYear {
  // Swedish is written as ISO 8601 has it.
  const format = new Intl.DateTimeFormat("sv-SE", {
    ...{ timeZone: zone, dateStyle: "short", timeStyle: "short", hourCycle: "h23" },
  });
  const wall = (n: number): number =>
    Date.parse(`${format.format(start + n * MINUTE_MS).replace(" ", "T")}:00Z`) / MINUTE_MS;
  const shown = new Int32Array((end - start) / MINUTE_MS);
  for (let n = 0; n < shown.length; n += STRIDE) {
    const first = wall(n);
    // Asking takes most of the time: within a quarter of an hour whose ends agree, clocks have just gone on.
    const goesOn = wall(n + STRIDE) === first + STRIDE;
    for (let m = n; m < n + STRIDE; m += 1) shown[m] = goesOn ? first + m - n : wall(m);
  }
  return { zone, start, shown };
}

/** The instants at which `expression` runs. */
export function naiveRuns(expression: string, { start, shown }: ZoneYear): number[] {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = expression.split(" ");
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const either = !day.startsWith("*") && !weekday.startsWith("*");
  const days = valuesOf(day, 1, 31);
  const months = valuesOf(month, 1, 12);
  const weekdays = valuesOf(weekday, 0, 6);
  const matches = (wall: number): boolean => {
    if (!minutes.has(wall % 60) || !hours.has(Math.floor(wall / 60) % 24)) return false;
    const date = new Date(wall * MINUTE_MS);
    if (!months.has(date.getUTCMonth() + 1)) return false;
    const ofDay = days.has(date.getUTCDate());
    const ofWeekday = weekdays.has(date.getUTCDay());
    return either ? ofDay || ofWeekday : ofDay && ofWeekday;
  };
  const runs: number[] = [];
  // What clocks have shown latest: what lies before it comes again, what lies between it and now was skipped.
  let latest = (shown[0] ?? 0) - 1;
  shown.forEach((wall, n) => {
    const isRun = hour === "*" ? matches(wall) : anyOf(latest + 1, wall, matches);
    latest = Math.max(latest, wall);
    if (isRun) runs.push(start + n * MINUTE_MS);
  });
  return runs;
}

/** Whether any of the walls from one to another matches; none when the first is behind the last. */
function anyOf(from: number, to: number, matches: (wall: number) => boolean): boolean {
  for (let wall = from; wall <= to; wall += 1) if (matches(wall)) return true;
  return false;
}

function valuesOf(field: string, from: number, to: number): ReadonlySet<number> {
  const values = new Set<number>();
  for (const item of field.split(",")) {
    const [range = "", step = "1"] = item.split("/");
    const [low = "", high = low] = range === "*" ? [String(from), String(to)] : range.split("-");
    for (let value = Number(low); value <= Number(high); value += Number(step)) values.add(value);
  }
  return values;
}
