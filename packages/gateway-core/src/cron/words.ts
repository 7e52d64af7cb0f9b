/** Runs in plain words. English, and independent of the machine's language. */
import type { Zone } from "./zone.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

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

/** `tomorrow at 03:00, Europe/Berlin (in 18 hours 32 minutes)`; from a week on with its date. */
export function runWords(instant: number, now: number, zone: Zone): string {
  const local = zone.toLocal(instant);
  const days = Math.floor(local / DAY_MS) - Math.floor(zone.toLocal(now) / DAY_MS);
  return `${dayWords(local, days)} at ${timeOfDay(local)}, ${zone.name} (${distance(instant - now)})`;
}

function dayWords(local: number, days: number): string {
  if (days === 0) return "today";
  if (days === 1) return "tomorrow";
  const date = new Date(local);
  const weekday = WEEKDAYS[date.getUTCDay()] ?? "";
  if (days > 1 && days < 7) return `on ${weekday}`;
  return `on ${weekday}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""} ${date.getUTCFullYear()},`;
}

/** `03:00`, or `03:00:15` where there are seconds. */
function timeOfDay(local: number): string {
  const text = new Date(local).toISOString().slice(11, 19);
  return text.endsWith(":00") ? text.slice(0, 5) : text;
}

function distance(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 1) return "in less than a minute";
  const parts = [
    plural(Math.floor(minutes / 1440), "day"),
    plural(Math.floor(minutes / 60) % 24, "hour"),
    plural(minutes % 60, "minute"),
  ].filter((part) => part !== "");
  return `in ${parts.slice(0, 2).join(" ")}`;
}

function plural(count: number, noun: string): string {
  return count === 0 ? "" : `${count} ${noun}${count === 1 ? "" : "s"}`;
}
