/** How long `keep-within` keeps: `30d`, `12h`, `1y6m`, or ISO 8601's `P30D`, `PT12H`, `P1Y6M`. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Milliseconds of each unit. A month counts 31 days and a year 366, rather more than less: a length that depends on the
 * month it starts in would make one policy keep different things on different days.
 */
const UNITS = { years: 366 * DAY_MS, months: 31 * DAY_MS, weeks: 7 * DAY_MS, days: DAY_MS, hours: HOUR_MS };

/** `m` is a month: backups are not kept for minutes. */
const SHORT =
  "(?=[0-9])(?:(?<years>[0-9]{1,6})y)?(?:(?<months>[0-9]{1,6})m)?(?:(?<weeks>[0-9]{1,6})w)?(?:(?<days>[0-9]{1,6})d)?(?:(?<hours>[0-9]{1,6})h)?";
const ISO =
  "P(?=[0-9T])(?:(?<years>[0-9]{1,6})Y)?(?:(?<months>[0-9]{1,6})M)?(?:(?<weeks>[0-9]{1,6})W)?(?:(?<days>[0-9]{1,6})D)?(?:T(?<hours>[0-9]{1,6})H)?";

const FORMS = [new RegExp(`^${SHORT}$`), new RegExp(`^${ISO}$`)];

/** Both forms in one, for JSON schemas. */
export const DURATION_PATTERN = `^(${SHORT}|${ISO})$`.replaceAll(/\?<[a-z]+>/g, "?:");

/** Milliseconds; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = FORMS.map((form) => form.exec(text)).find((found) => found !== null);
  if (match?.groups === undefined) return undefined;
  const { groups } = match;
  return Object.entries(UNITS).reduce((total, [unit, ms]) => total + Number(groups[unit] ?? 0) * ms, 0);
}
