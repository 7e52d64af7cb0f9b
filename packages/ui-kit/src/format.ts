/** Numbers and times as people read them, in the browser's language. */

/** Making a formatter takes a hundred times as long as using it, and a table of a thousand rows uses it often. */
const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `1.4 GiB`; three digits at most. */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
  const scaled = value / 1024 ** power;
  // 1023.9 KiB would be shown as 1,024 KiB.
  if (Math.round(scaled) === 1024 && power < UNITS.length - 1) return `1 ${UNITS[power + 1] ?? ""}`;
  const digits = power === 0 || scaled >= 100 ? WHOLE : TENTHS;
  return `${digits.format(scaled)} ${UNITS[power] ?? ""}`;
}

export function count(value: number): string {
  return WHOLE.format(value);
}

/** `12 s`, `3 min 20 s`, `2 h 5 min`: the two largest units that count. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 1) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** `3 hours ago`, `in 5 minutes`. */
export function relativeTime(time: string | number, now = Date.now()): string {
  const distance = new Date(time).getTime() - now;
  const [unit, length] = STEPS.find(([, step]) => Math.abs(distance) >= step) ?? ["second", 1000];
  return RELATIVE.format(Math.trunc(distance / length), unit);
}

/** `7 Mar 2026, 02:00`. */
export function dateTime(time: string | number): string {
  return DATE_TIME.format(new Date(time));
}

export function timeOfDay(time: string | number): string {
  return new Date(time).toLocaleTimeString(undefined, { timeStyle: "medium" });
}
