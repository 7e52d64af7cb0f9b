/**
 * A schedule's times in plain words: `every day at 03:00, Europe/Berlin`. Covers what cron expressions commonly say; of any
 * other, the expression itself is the text. What is understood is what the gateway understands; see docs/schedules.md.
 */

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const FORMS: Readonly<Record<string, string>> = {
  "@hourly": "every hour",
  "@daily": "every day at 00:00",
  "@midnight": "every day at 00:00",
  "@weekly": "every Sunday at 00:00",
  "@monthly": "on the 1st of every month at 00:00",
  "@yearly": "every year on 1 January at 00:00",
  "@annually": "every year on 1 January at 00:00",
  "@hourly-random": "once an hour, at a time of its own",
  "@daily-random": "once a day, at a time of its own",
  "@weekly-random": "once a week, at a time of its own",
  "@monthly-random": "once a month, at a time of its own",
  "@yearly-random": "once a year, at a time of its own",
};

/** More than that is no longer easier to read than the expression. */
const MAX_LISTED = 4;

/** @param zone IANA name; `Etc/UTC` is shown as `UTC`. */
export function scheduleWords(expression: string, zone?: string): string {
  const text = expression.trim();
  const words = FORMS[text.toLowerCase()] ?? fieldWords(text) ?? text;
  return zone === undefined || zone === "" ? words : `${words}, ${zone === "Etc/UTC" ? "UTC" : zone}`;
}

/** The values of one field, sorted. */
interface Field {
  readonly values: readonly number[];
  /** `*`: no restriction. */
  readonly isAny: boolean;
  /** Begins with `*`: does not count as a restriction of days, as in every cron since Vixie's. */
  readonly hasStar: boolean;
  /** Of `*` and a step. */
  readonly step: number | undefined;
}

function fieldWords(text: string): string | undefined {
  const parts = text.split(/\s+/);
  const [second = "", minute = "", hour = "", day = "", month = "", weekday = ""] =
    parts.length === 6 ? parts : parts.length === 5 ? ["0", ...parts] : [];
  const fields = {
    second: parse(second, 0, 59),
    minute: parse(minute, 0, 59),
    hour: parse(hour, 0, 23),
    day: parse(day, 1, 31),
    month: parse(month, 1, 12, MONTHS),
    weekday: sundayFirst(parse(weekday, 0, 7, WEEKDAYS)),
  };
  const { second: seconds, minute: minutes, hour: hours } = fields;
  if (seconds === undefined || minutes === undefined || hours === undefined) return undefined;
  const [at = 0] = seconds.values;
  if (seconds.values.length > 1) return undefined;
  const days = dayWords(fields.day, fields.month, fields.weekday);
  if (days === undefined) return undefined;
  const times = timesOfDay(hours, minutes, at);
  if (times !== undefined) return `${days === "" ? "every day" : days} at ${times}`;
  const often = at === 0 ? periodWords(hours, minutes) : undefined;
  if (often === undefined) return undefined;
  return days === "" ? often : `${often}, ${days}`;
}

/** `03:00 and 15:00`; undefined where these are too many to name. */
function timesOfDay(hours: Field, minutes: Field, second: number): string | undefined {
  if (hours.isAny || minutes.isAny || hours.values.length * minutes.values.length > MAX_LISTED)
    return undefined;
  const ending = second === 0 ? "" : `:${twoDigits(second)}`;
  return listed(
    hours.values.flatMap((hour) => minutes.values.map((minute) => `${clock(hour, minute)}${ending}`)),
  );
}

/** `every 15 minutes`, `every hour from 09:00 to 17:00`: what comes more than a few times a day. */
function periodWords(hours: Field, minutes: Field): string | undefined {
  const [first = 0] = minutes.values;
  const isOnce = minutes.values.length === 1;
  const past = first === 0 ? "" : `, at ${amount(first, "minute")} past`;
  if (hours.isAny) {
    if (isOnce) return `every hour${past}`;
    const period = minutePeriod(minutes);
    if (period !== undefined) return period;
    return minutes.values.length > MAX_LISTED
      ? undefined
      : `every hour, at ${listed(minutes.values.map(String))} minutes past`;
  }
  // Every 5 hours would not be it: the last one of a day is 4 hours before the next day's first.
  if (hours.step !== undefined && 24 % hours.step === 0 && isOnce) return `every ${hours.step} hours${past}`;
  const from = hours.values[0] ?? 0;
  const to = hours.values.at(-1) ?? 0;
  if (to - from + 1 !== hours.values.length) return undefined;
  const period = isOnce ? "every hour" : minutePeriod(minutes);
  return period && `${period} from ${clock(from, first)} to ${clock(to, minutes.values.at(-1) ?? 0)}`;
}

/** Only what divides an hour: the distance from one hour's last to the next one's first is another one else. */
function minutePeriod({ isAny, step }: Field): string | undefined {
  if (isAny || step === 1) return "every minute";
  return step === undefined || 60 % step !== 0 ? undefined : `every ${step} minutes`;
}

/** Empty: every day. */
function dayWords(
  day: Field | undefined,
  month: Field | undefined,
  weekday: Field | undefined,
): string | undefined {
  if (day === undefined || month === undefined || weekday === undefined) return undefined;
  // A step over days counts from the 1st of each month again, and combines with the weekdays in another way.
  if ([day, weekday].some(({ hasStar, isAny }) => hasStar && !isAny)) return undefined;
  if (day.values.length > MAX_LISTED && !day.isAny) return undefined;
  const months = monthWords(month);
  if (months === undefined) return undefined;
  const dates = listed(day.values.map(ordinal));
  if (day.isAny && weekday.isAny) return months === "" ? "" : `every day in ${months}`;
  if (day.isAny) return months === "" ? weekdayWords(weekday) : `${weekdayWords(weekday)} in ${months}`;
  const [only] = month.values;
  if (month.values.length === 1 && day.values.length === 1 && weekday.isAny && only !== undefined)
    return `every year on ${day.values[0] ?? 0} ${MONTHS[only - 1] ?? ""}`;
  const ofMonths = `on the ${dates} of ${months === "" ? "every month" : months}`;
  // crontab(5): "the command will be run when either field matches".
  return weekday.isAny ? ofMonths : `${ofMonths} and ${weekdayWords(weekday)}`;
}

function weekdayWords({ values }: Field): string {
  const [first = 0] = values;
  const last = values.at(-1) ?? 0;
  if (values.length > 2 && last - first + 1 === values.length)
    return `${WEEKDAYS[first] ?? ""} to ${WEEKDAYS[last] ?? ""}`;
  return `every ${listed(values.map((value) => WEEKDAYS[value] ?? ""))}`;
}

/** Empty: every month. */
function monthWords({ isAny, values }: Field): string | undefined {
  if (isAny || values.length === 12) return "";
  const [first = 1] = values;
  const last = values.at(-1) ?? 1;
  const name = (value: number): string => MONTHS[value - 1] ?? "";
  if (values.length > 2 && last - first + 1 === values.length) return `${name(first)} to ${name(last)}`;
  return values.length > MAX_LISTED ? undefined : listed(values.map(name));
}

/** Undefined: it is none. Names are given in full; three letters of them count. */
function parse(text: string, from: number, to: number, names: readonly string[] = []): Field | undefined {
  const value = (part: string): number => {
    if (/^\d{1,2}$/.test(part)) return Number(part);
    const named = names.findIndex((name) => name.slice(0, 3).toLowerCase() === part.toLowerCase());
    return named === -1 ? NaN : from + named;
  };
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [, range = "", first = "", last, every] =
      /^(\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d{1,2}))?$/i.exec(item) ?? [];
    const begin = range === "*" ? from : value(first);
    const end = range === "*" ? to : value(last ?? first);
    const step = Number(every ?? 1);
    const isUnbounded = every !== undefined && range !== "*" && last === undefined;
    if (!(begin >= from && begin <= end && end <= to && step > 0) || isUnbounded) return undefined;
    for (let one = begin; one <= end; one += step) values.add(one);
  }
  const step = /^\*\/(\d+)$/.exec(text)?.[1];
  return {
    values: [...values].sort((a, b) => a - b),
    isAny: text === "*",
    hasStar: text.startsWith("*"),
    step: step === undefined ? undefined : Number(step),
  };
}

/** Sunday is 0 and 7. */
function sundayFirst(field: Field | undefined): Field | undefined {
  if (field === undefined) return undefined;
  const values = [...new Set(field.values.map((value) => value % 7))].sort((a, b) => a - b);
  return { ...field, values, isAny: field.isAny || values.length === 7 };
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function clock(hour: number, minute: number): string {
  return `${twoDigits(hour)}:${twoDigits(minute)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function ordinal(value: number): string {
  const ending =
    value > 10 && value < 20
      ? "th"
      : (({ 1: "st", 2: "nd", 3: "rd" } as Record<number, string>)[value % 10] ?? "th");
  return `${value}${ending}`;
}
