/** What a retention policy may say, and when it says enough. */
import { BackupError } from "../../errors.js";
import { isTimeZone } from "./calendar.js";
import { parseDuration } from "./duration.js";

/** Each count is how many archives its rule keeps; 0 is the same as absent. */
export interface RetentionPolicy {
  /** The newest ones. */
  readonly keepLast?: number;
  /** The newest of each of the last hours that have one; likewise days, ISO weeks, months and years. */
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** All that are not older than this before the newest one; see `parseDuration`. */
  readonly keepWithin?: string;
  /** IANA name of the zone whose calendar has the hours, days, …; default `Etc/UTC`. */
  readonly tz?: string;
}

/** The names of the rules that count periods, as they stand in reasons, with the policy's key. */
export const PERIOD_RULES = [
  ["hourly", "keepHourly"],
  ["daily", "keepDaily"],
  ["weekly", "keepWeekly"],
  ["monthly", "keepMonthly"],
  ["yearly", "keepYearly"],
] as const;

export const DEFAULT_TIME_ZONE = "Etc/UTC";

/** A policy that keeps something. */
export interface CheckedPolicy extends RetentionPolicy {
  readonly tz: string;
}

/** What config says of the whole gateway, or of one destination. */
interface PolicyLevel {
  readonly retention?: RetentionPolicy;
  /** By the tenant's id. */
  readonly tenantRetention?: Readonly<Record<string, RetentionPolicy>>;
}

export interface ConfiguredPolicies extends PolicyLevel {
  readonly destinations: Readonly<Record<string, PolicyLevel>>;
}

/**
 * What config says of a tenant's archives at a destination; undefined for archives outside of all of them. Of the four
 * policies that there can be the most particular one is taken, as a whole: that of the tenant there, the tenant's, the
 * destination's, the gateway's. An empty one says that nothing is removed. The zone is the gateway's where it names none.
 */
export function configuredPolicy(
  config: ConfiguredPolicies,
  tenant: string,
  destination: string | undefined,
): RetentionPolicy | undefined {
  const there = destination === undefined ? undefined : config.destinations[destination];
  const policy =
    there?.tenantRetention?.[tenant] ??
    config.tenantRetention?.[tenant] ??
    there?.retention ??
    config.retention;
  const tz = policy?.tz ?? config.retention?.tz;
  return tz === undefined ? policy : { ...policy, tz };
}

/** Throws `REQUEST_INVALID` for a zone that is none. */
export function checkConfiguredZones(config: ConfiguredPolicies): void {
  for (const { retention, tenantRetention = {} } of [config, ...Object.values(config.destinations)]) {
    for (const policy of [retention, ...Object.values(tenantRetention)])
      if (policy?.tz !== undefined) checkTimeZone(policy.tz);
  }
}

/** As {@link findPolicy}, but throws `REQUEST_INVALID` when no rule is left. */
export function applicablePolicy(
  requested: RetentionPolicy,
  configured: RetentionPolicy | undefined,
): CheckedPolicy {
  const policy = findPolicy(requested, configured);
  if (policy !== undefined) return policy;
  throw new BackupError(
    "REQUEST_INVALID",
    "The retention policy is empty: nothing says which archives to keep, so none is removed.",
    {
      hint: "Give at least one of --keep-last, --keep-hourly, --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly, --keep-within, or set plugins.backup.retention.",
    },
  );
}

/**
 * The policy that applies: what a request says, else the configured one; undefined where that has no rule. A request that
 * has a rule of its own uses none of the configured rules. Throws `REQUEST_INVALID` for what is no duration or no time zone.
 */
export function findPolicy(
  requested: RetentionPolicy,
  configured: RetentionPolicy | undefined,
): CheckedPolicy | undefined {
  const { tz: requestedZone, ...rules } = requested;
  const { tz: configuredZone, ...configuredRules } = configured ?? {};
  const tz = requestedZone ?? configuredZone ?? DEFAULT_TIME_ZONE;
  checkTimeZone(tz);
  const policy = hasRules(rules) ? rules : configuredRules;
  return keepsNothing(policy) ? undefined : { ...policy, tz };
}

/** Throws `REQUEST_INVALID`. */
export function checkTimeZone(name: string): void {
  if (isTimeZone(name)) return;
  throw new BackupError("REQUEST_INVALID", `'${name}' is no time zone.`, {
    hint: "Give a name of the IANA database, such as Europe/Berlin or Etc/UTC.",
  });
}

/** Also rules that keep nothing. */
export function hasRules({ tz, ...rules }: RetentionPolicy): boolean {
  return Object.keys(rules).length > 0;
}

function keepsNothing({ keepWithin, ...counts }: Omit<RetentionPolicy, "tz">): boolean {
  return withinMs(keepWithin) === 0 && Object.values(counts).every((count) => count === 0);
}

/** Milliseconds of `keepWithin`; 0 where there is none. Throws `REQUEST_INVALID`. */
export function withinMs(keepWithin: string | undefined): number {
  if (keepWithin === undefined) return 0;
  const milliseconds = parseDuration(keepWithin);
  if (milliseconds !== undefined) return milliseconds;
  throw new BackupError("REQUEST_INVALID", `'${keepWithin}' is no duration.`, {
    hint: "Durations are written 30d, 12h, 1y6m (m: months), P30D or PT12H.",
  });
}
