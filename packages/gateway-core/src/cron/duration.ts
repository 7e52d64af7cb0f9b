import { GatewayError } from "../errors.js";

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration such as `90s`, `10m` (minutes, `10min` too), `2h` or `7d`, in milliseconds. Throws `SCHEDULE_INVALID`. */
export function parseDuration(text: string, what: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})(s|m|min|h|d)$/.exec(text) ?? [];
  const ms = UNITS_MS[unit];
  if (ms !== undefined) return Number(count) * ms;
  throw new GatewayError("SCHEDULE_INVALID", `The ${what} '${text}' is no duration`, {
    hint: "Durations are written as in 90s, 10m, 2h or 7d.",
  });
}
