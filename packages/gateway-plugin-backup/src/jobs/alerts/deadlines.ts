/** By when the next good backup of a tenant has to be there. */
import type { ScheduleInfo } from "@openclaw/gateway-core";
import type { Expectation } from "../ledger/alert-expectations.js";

/** By when, and what asks for it. */
export interface Deadline {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Can follow "because": `schedule nightly is disabled`. */
  readonly because: string;
}

export interface DeadlineQuestion {
  /** When the newest good backup was taken; milliseconds since the epoch, like every time here. */
  readonly lastGood?: number;
  /** When the tenant was made. */
  readonly createdAt: number;
  /** The tenant's schedules that back it up. */
  readonly schedules: readonly ScheduleInfo[];
  /** Those of its schedules that were ever seen enabled. */
  readonly expectations: readonly Expectation[];
  readonly graceMs: number;
  /** For a tenant that has no schedule and never had one. */
  readonly maxAgeMs?: number;
}

/**
 * The first deadline of all schedules: the first of its times after the newest good backup, its
 * jitter, and the grace. A schedule that is
 * disabled counts if it was ever enabled for this tenant (a copy's schedules are off from the start). One that was removed
 * counts by its interval, unless another is there. Undefined: nothing asks for a backup.
 */
export function deadlineOf(question: DeadlineQuestion): Deadline | undefined {
  const { lastGood = -Infinity, createdAt, schedules, expectations, graceMs, maxAgeMs } = question;
  const seen = new Map(expectations.map((expectation) => [expectation.schedule, expectation]));
  const listed = schedules.flatMap((schedule): Deadline[] => {
    const expectation = seen.get(schedule.name);
    if (expectation === undefined) return [];
    const due = schedule.startsBy(Math.max(lastGood, expectation.since));
    return due === undefined ? [] : [{ at: due + graceMs, because: stateOf(schedule) }];
  });
  if (listed.length > 0) return first(listed);
  const removed = expectations
    .filter(({ schedule }) => !schedules.some(({ name }) => name === schedule))
    .map(({ schedule, since, intervalMs }) => ({
      at: Math.max(lastGood, since) + intervalMs + graceMs,
      because: `schedule ${schedule} was removed, and there is no other`,
    }));
  if (removed.length > 0) return first(removed);
  if (maxAgeMs === undefined) return undefined;
  return { at: Math.max(lastGood, createdAt) + maxAgeMs, because: "it has no schedule" };
}

function stateOf({ name, enabled, problem, runs }: ScheduleInfo): string {
  if (!enabled) return `schedule ${name} is disabled`;
  if (problem !== undefined) return `schedule ${name} does not run: ${problem.replace(/\.$/, "")}`;
  return runs.length === 0
    ? `schedule ${name} has never run`
    : `schedule ${name} has brought no good backup in time`;
}

function first(deadlines: readonly Deadline[]): Deadline | undefined {
  return deadlines.reduce<Deadline | undefined>(
    (best, one) => (best === undefined || one.at < best.at ? one : best),
    undefined,
  );
}
