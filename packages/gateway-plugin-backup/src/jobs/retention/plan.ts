/**
 * Which archives a retention policy keeps, and why. Pure: it sees the archives of one tenant at one destination, and
 * touches nothing.
 *
 * The rules are those of restic's `forget`. Archives are looked at from the newest to the oldest. `keep-last 3` keeps the
 * first three. `keep-daily 7` keeps the first of each day, for the first seven days that have any: days without an
 * archive are not counted, so that a machine that was off for a month does not lose its history. An archive stays if any
 * rule keeps it.
 *
 * Example: archives at Mon 02:00, Tue 02:00, Tue 14:00, Wed 02:00 with `keep-last 1, keep-daily 2`:
 *
 *     Wed 02:00  keep    last 1 of 1, daily 1 of 2
 *     Tue 14:00  keep    daily 2 of 2
 *     Tue 02:00  remove
 *     Mon 02:00  remove
 */
import { periodsIn, type Periods } from "./calendar.js";
import { PERIOD_RULES, withinMs, type CheckedPolicy } from "./policy.js";

/** An archive that is where it was put. */
export interface RetainedArchive {
  /** Tells archives of one instant apart: the greater one counts as newer. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly damaged: boolean;
  readonly pinned: boolean;
  /** When its content was last checked and found good. */
  readonly verifiedAt?: number;
  /** False: a person chose the name. */
  readonly automaticName: boolean;
  /** Its key lies below `pre-delete/`. */
  readonly preDelete: boolean;
  /** A job reads it now. */
  readonly beingRead: boolean;
  /** Why its store does not let it go yet. */
  readonly locked?: string;
}

export interface RetentionOptions {
  readonly policy: CheckedPolicy;
  /** The gateway's clock. */
  readonly now: number;
  /** Archives with chosen names count, too. */
  readonly includeNamed: boolean;
}

export interface RetentionDecision<A extends RetainedArchive = RetainedArchive> {
  readonly archive: A;
  readonly keep: boolean;
  /** All of them, for people: `daily 3 of 7`, `pinned`. */
  readonly reasons: readonly string[];
}

/** How far an archive may be ahead of the clock before its date is not believed. */
export const CLOCK_TOLERANCE_MS = 300_000;

/** A decision for each archive, newest first. */
export function planRetention<A extends RetainedArchive>(
  archives: readonly A[],
  options: RetentionOptions,
): RetentionDecision<A>[] {
  const { policy, now } = options;
  const judged = [...archives]
    .sort(newestFirst)
    .map((archive) => ({ archive, reasons: exemptions(archive, options) }));
  const periodsOf = periodsIn(policy.tz);
  const counted = judged
    .filter(({ archive }) => counts(archive, options))
    .map((one) => ({ ...one, periods: periodsOf(one.archive.createdAt) }));

  keepLastGood(judged, now);
  keepByCount("last", policy.keepLast ?? 0, counted, ({ archive }) => archive.id);
  for (const [rule, key] of PERIOD_RULES) {
    keepByCount(rule, policy[key] ?? 0, counted, ({ periods }) => periods[rule]);
  }
  if (policy.keepWithin !== undefined) keepWithin(policy.keepWithin, counted);

  return judged.map(decision);
}

/** An archive with what speaks for keeping it. */
interface Judged<A extends RetainedArchive = RetainedArchive> {
  readonly archive: A;
  readonly reasons: string[];
}

interface Counted extends Judged {
  readonly periods: Periods;
}

function newestFirst(a: RetainedArchive, b: RetainedArchive): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);
}

/** Why an archive stays whatever the policy says. */
function exemptions(archive: RetainedArchive, { now, includeNamed }: RetentionOptions): string[] {
  return [
    ...(archive.pinned ? ["pinned"] : []),
    ...(archive.preDelete ? ["pre-delete"] : []),
    ...(archive.automaticName || includeNamed ? [] : ["named by hand"]),
    ...(isAhead(archive.createdAt, now) ? ["dated in the future"] : []),
    ...(archive.beingRead ? ["being read"] : []),
    ...(archive.locked === undefined ? [] : [archive.locked]),
  ];
}

/** Whether the policy's rules see an archive at all: one that they do not see takes no other's place. */
function counts(archive: RetainedArchive, { now, includeNamed }: RetentionOptions): boolean {
  return !archive.preDelete && !isAhead(archive.createdAt, now) && (archive.automaticName || includeNamed);
}

/** Its date cannot be true. */
export function isAhead(createdAt: number, now: number): boolean {
  return createdAt > now + CLOCK_TOLERANCE_MS;
}

/** The newest archive that was verified stays; until one was, the newest that is not known to be damaged. */
function keepLastGood(judged: readonly Judged[], now: number): void {
  const good = judged.filter(({ archive }) => !archive.damaged && !isAhead(archive.createdAt, now));
  const verified = good.find(({ archive }) => archive.verifiedAt !== undefined);
  const last = verified ?? good[0];
  last?.reasons.push(verified === undefined ? "last good" : "last verified");
}

/**
 * Keeps the newest archive of each period, for the `limit` newest periods. A damaged archive takes no period from a good
 * one: it stays as long as it would have been kept, beside the good ones.
 */
function keepByCount(
  rule: string,
  limit: number,
  counted: readonly Counted[],
  periodOf: (one: Counted) => string,
): void {
  let kept = 0;
  let period: string | undefined;
  for (const one of counted) {
    const { archive, reasons } = one;
    if (kept === limit) return;
    if (periodOf(one) === period) continue;
    if (archive.damaged) {
      reasons.push(`damaged, takes no place of ${rule}`);
      continue;
    }
    period = periodOf(one);
    kept += 1;
    reasons.push(`${rule} ${kept} of ${limit}`);
  }
}

/** Counted back from the newest archive, not from now: a tenant that is not backed up any more loses nothing. */
function keepWithin(length: string, counted: readonly Judged[]): void {
  const milliseconds = withinMs(length);
  if (milliseconds === 0) return;
  const newest = counted.find(({ archive }) => !archive.damaged)?.archive.createdAt;
  for (const { archive, reasons } of counted) {
    if (newest === undefined || archive.createdAt >= newest - milliseconds) reasons.push(`within ${length}`);
  }
}

function decision<A extends RetainedArchive>({ archive, reasons }: Judged<A>): RetentionDecision<A> {
  if (reasons.length > 0) return { archive, keep: true, reasons };
  return { archive, keep: false, reasons: ["no rule keeps it"] };
}
