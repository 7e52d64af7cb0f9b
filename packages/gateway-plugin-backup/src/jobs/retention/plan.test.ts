import fc from "fast-check";
import t from "tap";
import { referencePeriods } from "../../test-support/reference-periods.js";
import { CLOCK_TOLERANCE_MS, planRetention, type RetainedArchive } from "./plan.js";
import { applicablePolicy, PERIOD_RULES, withinMs, type RetentionPolicy } from "./policy.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 3, 12);

function archive(id: string, createdAt: number, facts: Partial<RetainedArchive> = {}): RetainedArchive {
  return {
    id,
    createdAt,
    damaged: false,
    pinned: false,
    automaticName: true,
    preDelete: false,
    beingRead: false,
    ...facts,
  };
}

interface Options {
  readonly includeNamed?: boolean;
  readonly now?: number;
}

function plan(archives: readonly RetainedArchive[], policy: RetentionPolicy, options: Options = {}) {
  return planRetention(archives, {
    policy: applicablePolicy(policy, undefined),
    now: options.now ?? NOW,
    includeNamed: options.includeNamed ?? false,
  });
}

function kept(
  archives: readonly RetainedArchive[],
  policy: RetentionPolicy,
  options: Options = {},
): string[] {
  return plan(archives, policy, options)
    .filter(({ keep }) => keep)
    .map(({ archive: { id } }) => id);
}

t.test("the example of the documentation", (t) => {
  const archives = [
    archive("monday", Date.UTC(2026, 5, 1, 2)),
    archive("tuesday", Date.UTC(2026, 5, 2, 2)),
    archive("tuesday-noon", Date.UTC(2026, 5, 2, 14)),
    archive("wednesday", Date.UTC(2026, 5, 3, 2)),
  ];
  const decisions = plan(archives, { keepLast: 1, keepDaily: 2 });
  t.same(
    decisions.map(({ archive: { id }, keep, reasons }) => [id, keep, ...reasons]),
    [
      ["wednesday", true, "last good", "last 1 of 1", "daily 1 of 2"],
      ["tuesday-noon", true, "daily 2 of 2"],
      ["tuesday", false, "no rule keeps it"],
      ["monday", false, "no rule keeps it"],
    ],
  );
  t.end();
});

t.test("a day ends where the zone's clock says", (t) => {
  const archives = [archive("a", Date.UTC(2026, 5, 1, 23)), archive("b", Date.UTC(2026, 5, 2, 1))];
  t.same(kept(archives, { keepDaily: 5 }), ["b", "a"]);
  t.same(kept(archives, { keepDaily: 5, tz: "Europe/Berlin" }), ["b"]);
  t.end();
});

t.test("within counts back from the newest archive, however old that is", (t) => {
  const archives = [1, 5, 9, 30].map((days) => archive(`${days}`, NOW - (100 + days) * DAY));
  t.same(kept(archives, { keepWithin: "8d" }), ["1", "5", "9"]);
  t.end();
});

t.test("what a person named neither goes nor takes a place, unless it is to count", (t) => {
  const archives = [
    archive("named", NOW - HOUR, { automaticName: false }),
    archive("new", NOW - 2 * HOUR),
    archive("old", NOW - 3 * HOUR),
  ];
  t.same(kept(archives, { keepLast: 1 }), ["named", "new"]);
  t.same(kept(archives, { keepLast: 1 }, { includeNamed: true }), ["named"]);
  t.end();
});

t.test("an archive that is ahead of the clock is flagged, and pushes no other out", (t) => {
  const ahead = archive("ahead", NOW + CLOCK_TOLERANCE_MS + 1);
  const archives = [ahead, archive("new", NOW + CLOCK_TOLERANCE_MS), archive("old", NOW - DAY)];
  const [first] = plan(archives, { keepLast: 1 });
  t.match(first, { keep: true, reasons: ["dated in the future"] });
  t.same(kept(archives, { keepLast: 1 }), ["ahead", "new"]);
  t.end();
});

t.test("pinned and locked archives, those that are read, and those below pre-delete/ stay", (t) => {
  const archives = [
    archive("new", NOW),
    archive("pinned", NOW - DAY, { pinned: true }),
    archive("read", NOW - 2 * DAY, { beingRead: true }),
    archive("pre-delete", NOW - 3 * DAY, { preDelete: true }),
    archive("locked", NOW - 4 * DAY, { locked: "locked until 2027-01-01T00:00:00.000Z" }),
    archive("old", NOW - 5 * DAY),
  ];
  t.same(kept(archives, { keepLast: 1 }), ["new", "pinned", "read", "pre-delete", "locked"]);
  t.match(plan(archives, { keepLast: 1 })[4], { reasons: ["locked until 2027-01-01T00:00:00.000Z"] });
  t.end();
});

t.test("a damaged archive takes no place from a good one, and goes when it would have gone anyway", (t) => {
  const damaged = { damaged: true };
  const archives = [
    archive("damaged-new", NOW, damaged),
    archive("good", NOW - DAY),
    archive("damaged-old", NOW - 2 * DAY, damaged),
    archive("good-old", NOW - 3 * DAY),
    archive("gone", NOW - 4 * DAY, damaged),
  ];
  t.same(kept(archives, { keepDaily: 2 }), ["damaged-new", "good", "damaged-old", "good-old"]);
  t.same(kept(archives, { keepDaily: 1 }), ["damaged-new", "good"]);
  t.same(
    kept([archive("a", NOW, damaged), archive("b", NOW - DAY, damaged)], { keepLast: 1 }),
    ["a", "b"],
    "where none is good, none goes",
  );
  t.end();
});

t.test("the newest verified archive stays, whatever the policy says", (t) => {
  const archives = [
    archive("new", NOW),
    archive("verified", NOW - DAY, { verifiedAt: NOW - HOUR }),
    archive("verified-before", NOW - 2 * DAY, { verifiedAt: NOW }),
  ];
  t.same(kept(archives, { keepLast: 1 }), ["new", "verified"]);
  t.end();
});

t.test("a policy that keeps nothing is refused, and says what to give", (t) => {
  const empty: RetentionPolicy[] = [
    {},
    { keepLast: 0 },
    { keepDaily: 0, keepWithin: "0d" },
    { tz: "Etc/UTC" },
  ];
  for (const policy of empty) {
    t.throws(() => plan([], policy), {
      code: "REQUEST_INVALID",
      hint: /--keep-last.*plugins\.backup\.retention/,
    });
  }
  t.throws(() => plan([], { keepLast: 1, tz: "Mars/Olympus" }), { code: "REQUEST_INVALID", message: /Mars/ });
  t.throws(() => plan([], { keepWithin: "soon" }), { code: "REQUEST_INVALID", message: /soon/ });
  t.same(applicablePolicy({}, { keepDaily: 7 }), { keepDaily: 7, tz: "Etc/UTC" });
  t.same(
    applicablePolicy({ keepLast: 1 }, { keepDaily: 7, tz: "Asia/Tokyo" }),
    { keepLast: 1, tz: "Asia/Tokyo" },
    "a request's rules do not mix with the configured ones",
  );
  t.same(applicablePolicy({ tz: "Asia/Tokyo" }, { keepDaily: 7 }), { keepDaily: 7, tz: "Asia/Tokyo" });
  t.throws(() => applicablePolicy({ keepLast: 0 }, { keepDaily: 7 }), { code: "REQUEST_INVALID" });
  t.end();
});

const LENGTHS: Readonly<Record<string, number>> = { "0d": 0, "6h": 6 * HOUR, "3d": 3 * DAY, P1M: 31 * DAY };

const zones = fc.constantFrom("Etc/UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia");

/** Half hours before now, some a little ahead. Close together and far apart, so that archives share instants, hours and days. */
const ages = fc.oneof(
  fc.integer({ min: -4, max: 60 }),
  fc.integer({ min: 0, max: 48 * 40 }),
  fc.integer({ min: 0, max: 48 * 365 * 4 }),
);
const counts = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });

/** A policy with one rule at least. */
const policies: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    keepLast: counts,
    keepHourly: counts,
    keepDaily: counts,
    keepWeekly: counts,
    keepMonthly: counts,
    keepYearly: counts,
    keepWithin: fc.option(fc.constantFrom(...Object.keys(LENGTHS)), { nil: undefined }),
    tz: zones,
  })
  .map((policy) => withoutUndefined(policy))
  .filter((policy) => {
    const { tz, keepWithin, ...rules } = policy;
    return withinMs(keepWithin) > 0 || Object.values(rules).some((count) => count > 0);
  });

function withoutUndefined(policy: object): RetentionPolicy {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
}

const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

const histories = fc
  .array(
    fc.record({
      age: ages,
      damaged: rarely,
      pinned: rarely,
      named: rarely,
      preDelete: rarely,
      beingRead: rarely,
      verified: rarely,
      isLocked: rarely,
    }),
    { maxLength: 40 },
  )
  .map((facts) =>
    facts.map(({ age, named, verified, isLocked, ...rest }, number) =>
      archive(`a${String(number).padStart(3, "0")}`, NOW - (age * HOUR) / 2, {
        ...rest,
        automaticName: !named,
        ...(verified ? { verifiedAt: NOW } : {}),
        ...(isLocked ? { locked: "locked" } : {}),
      }),
    ),
  );

const cases = fc.record({ archives: histories, policy: policies, includeNamed: fc.boolean() });

/** What the policy keeps, from its definition, one rule and one archive at a time. */
function naivelyKept(
  archives: readonly RetainedArchive[],
  policy: RetentionPolicy,
  includeNamed: boolean,
): Set<string> {
  const ahead = ({ createdAt }: RetainedArchive): boolean => createdAt > NOW + 5 * 60_000;
  const newer = (a: RetainedArchive, b: RetainedArchive): boolean =>
    a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.id > b.id);
  const newest = (some: readonly RetainedArchive[]): RetainedArchive | undefined =>
    some.find((a) => !some.some((b) => newer(b, a)));
  const counted = archives.filter((a) => !ahead(a) && !a.preDelete && (includeNamed || a.automaticName));
  const good = counted.filter(({ damaged }) => !damaged);
  const periods = new Map(
    archives.map(({ id, createdAt }) => [id, referencePeriods(policy.tz ?? "Etc/UTC", createdAt)]),
  );
  const rules: [limit: number, period: (a: RetainedArchive) => string][] = [
    [policy.keepLast ?? 0, ({ id }) => id],
    ...PERIOD_RULES.map(([rule, key]): [number, (a: RetainedArchive) => string] => [
      policy[key] ?? 0,
      ({ id }) => periods.get(id)?.[rule] ?? "",
    ]),
  ];
  const byRule = (a: RetainedArchive): boolean =>
    rules.some(([limit, period]) => {
      const newerGood = good.filter((b) => newer(b, a)).map(period);
      return new Set(newerGood).size < limit && !newerGood.includes(period(a));
    });
  const end = newest(good)?.createdAt ?? -Infinity;
  const length = LENGTHS[policy.keepWithin ?? "0d"] ?? NaN;
  const within = (a: RetainedArchive): boolean => length > 0 && a.createdAt >= end - length;
  const allGood = archives.filter((a) => !a.damaged && !ahead(a));
  const last = newest(allGood.filter(({ verifiedAt }) => verifiedAt !== undefined)) ?? newest(allGood);
  return new Set(
    archives
      .filter(
        (a) =>
          a === last ||
          a.pinned ||
          a.beingRead ||
          a.locked !== undefined ||
          ahead(a) ||
          !counted.includes(a) ||
          byRule(a) ||
          within(a),
      )
      .map(({ id }) => id),
  );
}

const shuffledCases = cases.chain(({ archives, ...rest }) => {
  const all = { minLength: archives.length, maxLength: archives.length };
  return fc.record({
    archives: fc.constant(archives),
    shuffled: fc.shuffledSubarray(archives, all),
    rest: fc.constant(rest),
  });
});

t.test("a plan is what the rules' definition gives, of any history, in any order", (t) => {
  fc.assert(
    fc.property(shuffledCases, ({ archives, shuffled, rest: { policy, includeNamed } }) => {
      const expected = naivelyKept(archives, policy, includeNamed);
      t.strictSame(new Set(kept(archives, policy, { includeNamed })), expected);
      t.strictSame(plan(shuffled, policy, { includeNamed }), plan(archives, policy, { includeNamed }));
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test("pruning again removes nothing more", (t) => {
  fc.assert(
    fc.property(cases, ({ archives, policy, includeNamed }) => {
      const left = plan(archives, policy, { includeNamed }).filter(({ keep }) => keep);
      const again = kept(
        left.map((decision) => decision.archive),
        policy,
        { includeNamed },
      );
      return again.length === left.length;
    }),
  );
  t.end();
});

t.test("a policy that says more keeps more", (t) => {
  const increments = fc.constantFrom("keepLast" as const, ...PERIOD_RULES.map(([, key]) => key));
  fc.assert(
    fc.property(cases, increments, ({ archives, policy, includeNamed }, key) => {
      const more = new Set(kept(archives, { ...policy, [key]: (policy[key] ?? 0) + 1 }, { includeNamed }));
      return kept(archives, policy, { includeNamed }).every((id) => more.has(id));
    }),
  );
  t.end();
});

t.test("a newer archive never costs a pinned one, nor the last verified one", (t) => {
  fc.assert(
    fc.property(cases, ({ archives, policy, includeNamed }) => {
      const keptNow = new Set(kept([...archives, archive("z", NOW)], policy, { includeNamed }));
      const verified = archives
        .filter(
          ({ verifiedAt, damaged, createdAt }) => verifiedAt !== undefined && !damaged && createdAt <= NOW,
        )
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
      const precious = [...archives.filter(({ pinned }) => pinned), ...verified.slice(0, 1)];
      return keptNow.has("z") && precious.every(({ id }) => keptNow.has(id));
    }),
  );
  t.end();
});

t.test("an archive that comes to be pinned, locked or read changes nothing for the others", (t) => {
  const marks = fc.constantFrom({ pinned: true }, { beingRead: true }, { locked: "locked" });
  fc.assert(
    fc.property(cases, fc.nat(), marks, ({ archives, policy, includeNamed }, which, mark) => {
      const chosen = archives[which % Math.max(1, archives.length)];
      const marked = archives.map((one) => (one === chosen ? { ...one, ...mark } : one));
      const others = (ids: readonly string[]): string[] => ids.filter((id) => id !== chosen?.id);
      const before = kept(archives, policy, { includeNamed });
      const after = kept(marked, policy, { includeNamed });
      t.strictSame(others(after), others(before));
      return chosen === undefined || after.includes(chosen.id);
    }),
  );
  t.end();
});
