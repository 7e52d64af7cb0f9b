import type { Periods } from "../jobs/retention/calendar.js";

/**
 * The periods of an instant by another way than the one that is tested: by the local time of `Date`, in a process that
 * believes that it is in that zone, and by counting days back to a Monday. Other names than the tested ones, and equal for
 * two instants exactly if these should be.
 */
export function referencePeriods(timeZone: string, instant: number): Periods {
  const before = process.env["TZ"];
  process.env["TZ"] = timeZone;
  try {
    const date = new Date(instant);
    const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
    const monthly = `${year}/${month}`;
    const daily = `${monthly}/${day}`;
    let monday = new Date(Date.UTC(year, month, day));
    while (monday.getUTCDay() !== 1) monday = new Date(monday.getTime() - 86_400_000);
    return {
      hourly: `${daily} ${date.getHours()} ${date.getTimezoneOffset()}`,
      daily,
      weekly: monday.toUTCString(),
      monthly,
      yearly: String(year),
    };
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
}
