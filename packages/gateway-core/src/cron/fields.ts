/** The fields of a cron expression, and the calendar days and times of day that they match. */
import { invalidSchedule } from "./invalid.js";

/** What a cron expression matches, each list sorted. */
export interface CronFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 (Sunday) to 6. */
  readonly weekdays: ReadonlySet<number>;
  /**
   * True when both day fields are restricted: then a day that either of them names matches, as in every cron since
   * Vixie's (crontab(5): "the command will be run when either field matches"). A field that begins with `*` is not.
   */
  readonly eitherDay: boolean;
}

interface FieldKind {
  readonly noun: string;
  readonly from: number;
  readonly to: number;
  /** Names for the values from `from` on. */
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const SECOND: FieldKind = { noun: "second", from: 0, to: 59 };
const MINUTE: FieldKind = { noun: "minute", from: 0, to: 59 };
const HOUR: FieldKind = { noun: "hour", from: 0, to: 23 };
const DAY: FieldKind = { noun: "day of the month", from: 1, to: 31 };
const MONTH: FieldKind = { noun: "month", from: 1, to: 12, names: MONTHS };
/** 7 is Sunday, too. */
const WEEKDAY: FieldKind = { noun: "day of the week", from: 0, to: 7, names: WEEKDAYS };

/** The longest that each month can be. */
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const DAY_MS = 86_400_000;

/** Every date has come on every day of the week after 40 years, whichever of them are no leap years. */
const HORIZON_MS = 41 * 366 * DAY_MS;

/**
 * Reads five fields (minute, hour, day, month, weekday) or six (a second before them): `*`, values, names, ranges,
 * steps and lists of these. Throws `SCHEDULE_INVALID`, also for what can never come, such as 30 February.
 */
export function parseFields(text: string): CronFields {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    throw invalidSchedule(text, `it has ${parts.length} fields; five or six are needed`);
  }
  const [second = "", minute = "", hour = "", day = "", month = "", weekday = ""] =
    parts.length === 6 ? parts : ["0", ...parts];
  const values = (part: string, kind: FieldKind): number[] => parseField(text, part, kind);
  const fields: CronFields = {
    seconds: values(second, SECOND),
    minutes: values(minute, MINUTE),
    hours: values(hour, HOUR),
    days: new Set(values(day, DAY)),
    months: new Set(values(month, MONTH)),
    weekdays: new Set(values(weekday, WEEKDAY).map((value) => value % 7)),
    eitherDay: !day.startsWith("*") && !weekday.startsWith("*"),
  };
  if (!canCome(fields)) throw invalidSchedule(text, "no month that it names has such a day");
  return fields;
}

function parseField(text: string, part: string, kind: FieldKind): number[] {
  const values = new Set<number>();
  for (const item of part.split(",")) {
    for (const value of parseItem(text, item, kind)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function parseItem(text: string, item: string, kind: FieldKind): number[] {
  const [, range = "", first = "", last, step] =
    /^(\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d{1,2}))?$/i.exec(item) ?? [];
  if (range === "") throw invalidSchedule(text, `'${item}' is no ${kind.noun}, range or list of them`);
  if (step !== undefined && range !== "*" && last === undefined) {
    throw invalidSchedule(text, `a step needs a range: write ${first}-${kind.to}/${step} for '${item}'`);
  }
  if (step !== undefined && Number(step) === 0) throw invalidSchedule(text, `the step of '${item}' is 0`);
  // A star means each value once: of the two numbers that Sunday has, the first.
  const from = range === "*" ? kind.from : parseValue(text, first, kind);
  const to =
    range === "*" ? Math.min(kind.to, kind.from + count(kind) - 1) : parseValue(text, last ?? first, kind);
  if (from > to) throw invalidSchedule(text, `the range '${item}' ends before it begins`);
  const values: number[] = [];
  for (let value = from; value <= to; value += Number(step ?? 1)) values.push(value);
  return values;
}

function count({ names, from, to }: FieldKind): number {
  return names?.length ?? to - from + 1;
}

function parseValue(text: string, value: string, { noun, from, to, names = [] }: FieldKind): number {
  const named = names.indexOf(value.toLowerCase());
  const number = named === -1 ? (/^\d{1,2}$/.test(value) ? Number(value) : NaN) : from + named;
  if (number >= from && number <= to) return number;
  throw invalidSchedule(text, `'${value}' is no ${noun} (${from} to ${to})`);
}

function canCome({ days, months, eitherDay }: CronFields): boolean {
  return eitherDay || [...months].some((month) => [...days].some((day) => day <= (LONGEST[month - 1] ?? 0)));
}

/**
 * The next local time that the fields match: the first whole second after `after`. Both are milliseconds as `Date.UTC`
 * counts them for what a clock on the wall shows; whether a zone has that time is for others to ask.
 */
export function nextLocalTime(fields: CronFields, after: number): number | undefined {
  const start = Math.floor(after / 1000) * 1000 + 1000;
  let day = Math.floor(start / DAY_MS) * DAY_MS;
  let fromSecond = (start - day) / 1000;
  const horizon = day + HORIZON_MS;
  while (day < horizon) {
    const date = new Date(day);
    if (!fields.months.has(date.getUTCMonth() + 1)) {
      day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    } else {
      const second = matchesDay(fields, date) ? nextSecondOfDay(fields, fromSecond) : undefined;
      if (second !== undefined) return day + second * 1000;
      day += DAY_MS;
    }
    fromSecond = 0;
  }
  return undefined;
}

function matchesDay({ days, weekdays, eitherDay }: CronFields, date: Date): boolean {
  const day = days.has(date.getUTCDate());
  const weekday = weekdays.has(date.getUTCDay());
  return eitherDay ? day || weekday : day && weekday;
}

/** The first matching second of a day at or after `from`. */
function nextSecondOfDay({ hours, minutes, seconds }: CronFields, from: number): number | undefined {
  for (const hour of hours) {
    if (hour * 3600 + 3599 < from) continue;
    for (const minute of minutes) {
      const start = hour * 3600 + minute * 60;
      if (start + 59 < from) continue;
      const second = seconds.find((value) => start + value >= from);
      if (second !== undefined) return start + second;
    }
  }
  return undefined;
}
