/**
 * Folding: what goes on being wrong is told at once, then after one hour, two, four, eight, sixteen, and once a day from
 * then on, each time with how often it has happened. When it is good again, that is told once.
 */

const FIRST_QUIET_MS = 3_600_000;
const LONGEST_QUIET_MS = 24 * 3_600_000;

/** One thing that is wrong; times in milliseconds since the epoch. */
export interface Folded {
  readonly since: number;
  readonly lastAt: number;
  readonly count: number;
  /** How often it was told, and when last. */
  readonly said: number;
  readonly saidAt: number;
}

/** How long nothing is said after it was said this often. */
export function quietMs(said: number): number {
  return Math.min(FIRST_QUIET_MS * 2 ** (said - 1), LONGEST_QUIET_MS);
}

/**
 * @param before Undefined: it was good.
 * @param isNew False: it did not happen once more, it just goes on.
 */
export function fold(
  before: Folded | undefined,
  at: number,
  isNew: boolean,
): { readonly folded: Folded; readonly say: boolean } {
  if (before === undefined) {
    return { folded: { since: at, lastAt: at, count: 1, said: 1, saidAt: at }, say: true };
  }
  const elapsed = at - before.saidAt;
  // A clock that was set back must not keep it quiet for longer.
  const say = elapsed < 0 || elapsed >= quietMs(before.said);
  return {
    folded: {
      since: before.since,
      lastAt: at,
      count: before.count + (isNew ? 1 : 0),
      said: before.said + (say ? 1 : 0),
      saidAt: say ? at : before.saidAt,
    },
    say,
  };
}
