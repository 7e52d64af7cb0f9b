/**
 * When a schedule runs. Where a zone's clocks are set, these rules hold:
 *
 * - a time that does not exist runs once, at the first instant after the gap: several that fall into one gap are one run;
 * - a time that comes twice runs once, the first time;
 * - with a `*` for the hour, a schedule follows real time instead: it runs at every instant whose local time matches,
 *   so `0 * * * *` runs every 60 minutes, whatever the clocks do.
 */
import { nextLocalTime, type CronFields } from "./fields.js";
import type { Zone } from "./zone.js";

const DAY_MS = 86_400_000;

/** More than clocks are ever set by, so that a change that is further away cannot matter. */
const AWAY_FROM_CHANGES_MS = 3 * DAY_MS;

/** The first instant after `after` at which the schedule runs; undefined when it never does. */
export function nextRun(fields: CronFields, zone: Zone, after: number): number | undefined {
  return fields.hours.length === 24 ? nextInRealTime(fields, zone, after) : nextByClock(fields, zone, after);
}

/** Local times and the instants that they stand for go up together, so the first one that lies ahead is it. */
function nextByClock(fields: CronFields, zone: Zone, after: number): number | undefined {
  let local: number | undefined = zone.toLocal(after);
  while ((local = nextLocalTime(fields, local)) !== undefined) {
    const instant = zone.toInstant(local);
    // Not so for what was run the first time that clocks showed it.
    if (instant > after) return instant;
  }
  return undefined;
}

function nextInRealTime(fields: CronFields, zone: Zone, after: number): number | undefined {
  let instant = after;
  let local = zone.toLocal(after);
  while (true) {
    const { offset, until, changes } = zone.stretch(instant);
    const match = nextLocalTime(fields, local);
    if (match === undefined) return undefined;
    const run = match - offset;
    if (run < until) return run;
    instant = changes ? until : Math.max(until, run - AWAY_FROM_CHANGES_MS);
    // What clocks show at `instant` itself may match.
    local = zone.toLocal(instant) - 1;
  }
}

/**
 * How long after `due`, a time of the schedule, its run may start, in milliseconds: a run that is put off must not meet
 * the next one.
 */
export function jitterRoom(fields: CronFields, zone: Zone, due: number, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  return Math.min(jitterMs, (nextRun(fields, zone, due) ?? Infinity) - due - 1000);
}

/** The last instant in (`after`, `until`] at which the schedule runs; undefined when there is none. */
export function lastRun(fields: CronFields, zone: Zone, after: number, until: number): number | undefined {
  const first = nextRun(fields, zone, after);
  if (first === undefined || first > until) return undefined;
  // Behind `low` there is still a run until then, behind `high` there is none. Runs are whole seconds apart.
  let low = after;
  let high = until;
  let last = first;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2);
    const run = nextRun(fields, zone, middle);
    if (run === undefined || run > until) high = middle;
    else {
      last = run;
      low = middle;
    }
  }
  return last;
}
