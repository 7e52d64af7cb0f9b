/** What a person writes as a schedule: fields, or a form such as `@daily` or `@daily-random`. */
import { createHash } from "node:crypto";
import { parseFields, type CronFields } from "./fields.js";
import { invalidSchedule } from "./invalid.js";

/** As in crontab(5). */
const FORMS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Days that every month has. */
const DAYS_OF_ANY_MONTH = 28;

/** Values from 0 on, less than `limit`, that look random and are always the same for one schedule. */
type Pick = (limit: number) => number;

/** Each spreads its runs over the whole of its period, to the second: schedules of many tenants do not start at once. */
const RANDOM_FORMS: Readonly<Record<string, (pick: Pick) => string>> = {
  "@hourly-random": (pick) => `${pick(60)} ${pick(60)} * * * *`,
  "@daily-random": (pick) => `${pick(60)} ${pick(60)} ${pick(24)} * * *`,
  "@weekly-random": (pick) => `${pick(60)} ${pick(60)} ${pick(24)} * * ${pick(7)}`,
  "@monthly-random": (pick) => `${pick(60)} ${pick(60)} ${pick(24)} ${1 + pick(DAYS_OF_ANY_MONTH)} * *`,
  "@yearly-random": (pick) =>
    `${pick(60)} ${pick(60)} ${pick(24)} ${1 + pick(DAYS_OF_ANY_MONTH)} ${1 + pick(12)} *`,
};

/**
 * Reads a schedule. Throws `SCHEDULE_INVALID`.
 *
 * @param seed What tells this schedule from every other (its owner and name): a `-random` form has its time from it, so
 *   that the time stays the same from run to run, on every gateway.
 */
export function parseExpression(text: string, seed: string): CronFields {
  const trimmed = text.trim();
  if (!trimmed.startsWith("@")) return parseFields(trimmed);
  const form = trimmed.toLowerCase();
  const fixed = FORMS[form];
  if (fixed !== undefined) return parseFields(fixed);
  const random = RANDOM_FORMS[form];
  if (random !== undefined) return parseFields(random(picker(seed)));
  const known = [...Object.keys(FORMS), ...Object.keys(RANDOM_FORMS)].join(", ");
  throw invalidSchedule(text, `there are ${known}, and five or six fields`);
}

function picker(seed: string): Pick {
  const digest = createHash("sha256").update(seed).digest();
  let offset = 0;
  return (limit) => {
    const value = digest.readUInt32BE(offset) % limit;
    offset += 4;
    return value;
  };
}
