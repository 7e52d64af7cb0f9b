/** A schedule as it stands in a `cron/jobs.json`, and the times that it names. */
import { createHash } from "node:crypto";
import { type Static, Type } from "@openclaw/schema";
import { parseDuration } from "./duration.js";
import { parseExpression } from "./expression.js";
import type { CronFields } from "./fields.js";
import { ownerKey, type Owner } from "./owner.js";
import { Zone } from "./zone.js";

/** How long after its time a missed run is still made up for, where the schedule does not say. */
export const DEFAULT_GRACE = "31d";

export const NameSchema = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  description: "a name of up to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit",
});

const duration = (options: { readonly description: string; readonly default?: string }) =>
  Type.String({ minLength: 2, maxLength: 9, ...options });

/** What a person chooses of a schedule. */
export const choiceProperties = {
  name: NameSchema,
  schedule: Type.String({
    minLength: 1,
    maxLength: 256,
    description: "Five or six fields, or a form such as @daily or @daily-random.",
  }),
  tz: Type.String({ minLength: 1, maxLength: 64, description: "IANA time zone.", default: "Etc/UTC" }),
  jitter: Type.Optional(duration({ description: "Each run is put off by a random time up to this: 10m." })),
  overlap: Type.Enum(["skip", "wait", "allow"], {
    type: "string",
    default: "skip",
    description:
      "What becomes of a run whose predecessor's job has not ended: left out, started as soon as that has, or started.",
  }),
  missed: Type.Enum(["run", "skip"], {
    type: "string",
    default: "run",
    description:
      "What becomes of runs that were missed while the gateway was down: one is made up for, or none.",
  }),
  grace: duration({
    default: DEFAULT_GRACE,
    description: "Only what was missed no longer ago than this is made up for.",
  }),
};

export const ScheduleSchema = Type.Object(
  {
    ...choiceProperties,
    enabled: Type.Boolean(),
    job: Type.String({ minLength: 1, maxLength: 64 }),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    createdAt: Type.String({ maxLength: 32 }),
    /** For people to read: no right follows from it. */
    createdBy: Type.String({ maxLength: 64 }),
  },
  { additionalProperties: false },
);

export type Schedule = Static<typeof ScheduleSchema>;

/** What a schedule's texts mean. */
export interface Timing {
  readonly fields: CronFields;
  readonly zone: Zone;
  readonly jitterMs: number;
  readonly graceMs: number;
}

/** Throws `SCHEDULE_INVALID`. */
export function timingOf(owner: Owner, schedule: Schedule): Timing {
  return {
    fields: parseExpression(schedule.schedule, `${ownerKey(owner)} ${schedule.name}`),
    zone: new Zone(schedule.tz),
    jitterMs: schedule.jitter === undefined ? 0 : parseDuration(schedule.jitter, "jitter"),
    graceMs: parseDuration(schedule.grace, "grace period"),
  };
}

/** SHA-256 over what an admin approves: whose schedule it is, what it does and when. 64 hex digits. */
export function approvalHash(owner: Owner, schedule: Schedule): string {
  const { enabled, createdAt, createdBy, ...approved } = schedule;
  return createHash("sha256")
    .update(JSON.stringify(sorted({ owner: ownerKey(owner), ...approved })))
    .digest("hex");
}

/** With the keys of every object in order: a file that was written anew says the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
