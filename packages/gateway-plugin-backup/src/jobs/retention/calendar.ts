/** Hours, days, weeks, months and years of an instant, as a calendar in a time zone has them. */

/** An instant's periods. Two instants lie in the same one exactly if the texts are equal. */
export interface Periods {
  /** With the offset from UTC: the hour that comes twice when the clock is set back is two hours. */
  readonly hourly: string;
  readonly daily: string;
  /** ISO 8601: from Monday on; the year's first week is the one with its first Thursday. */
  readonly weekly: string;
  readonly monthly: string;
  readonly yearly: string;
}

const DAY_MS = 86_400_000;

/** True for a name of the IANA time zone database that this machine knows. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** @param timeZone See {@link isTimeZone}; throws a RangeError for any other. */
export function periodsIn(timeZone: string): (instant: number) => Periods {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "iso8601",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    timeZoneName: "longOffset",
  });
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    const { year = "", month = "", day = "", hour = "", timeZoneName = "" } = parts;
    const daily = `${year}-${month}-${day}`;
    return {
      hourly: `${daily}T${hour} ${timeZoneName}`,
      daily,
      weekly: isoWeek(Number(year), Number(month), Number(day)),
      monthly: `${year}-${month}`,
      yearly: year,
    };
  };
}

function isoWeek(year: number, month: number, day: number): string {
  const date = Date.UTC(year, month - 1, day);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = date + (3 - weekday) * DAY_MS;
  const weekYear = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(weekYear, 0, 1)) / (7 * DAY_MS)) + 1;
  return `${weekYear}-W${String(week).padStart(2, "0")}`;
}
