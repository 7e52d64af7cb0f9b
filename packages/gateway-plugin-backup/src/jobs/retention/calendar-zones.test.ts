import fc from "fast-check";
import t from "tap";
import { referencePeriods } from "../../test-support/reference-periods.js";
import { periodsIn, type Periods } from "./calendar.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const RULES = ["hourly", "daily", "weekly", "monthly", "yearly"] as const satisfies (keyof Periods)[];

/** With changes of the clock that are odd: at midnight, by half an hour, in the south, none; and by a whole day. */
const ZONES = [
  "Etc/UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns",
  "America/Santiago",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Pacific/Apia",
];

/** The clock was set, to and back, within two days of these. */
const CHANGES = [
  Date.UTC(2026, 2, 8, 7), // North America
  Date.UTC(2026, 2, 29, 1), // Europe
  Date.UTC(2026, 3, 4, 15), // the south
  Date.UTC(2026, 8, 6, 4), // Chile
  Date.UTC(2026, 9, 3, 15), // Lord Howe
  Date.UTC(2026, 9, 25, 1),
  Date.UTC(2026, 10, 1, 6),
  Date.UTC(2011, 11, 30, 10), // Samoa had no 30 December 2011
  Date.UTC(2026, 0, 1), // years and their weeks
  Date.UTC(2027, 0, 1),
];

const near = fc
  .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -2 * DAY, max: 2 * DAY }))
  .map(([change, offset]) => change + offset);

const pairs = fc
  .tuple(near, fc.oneof(fc.integer({ min: 0, max: 3 * HOUR }), fc.integer({ min: 0, max: 9 * DAY })))
  .map(([first, distance]) => [first, first + distance] as const);

t.test("two instants share a period exactly if a calendar on the wall of their zone says so", (t) => {
  const periods = new Map(ZONES.map((zone) => [zone, periodsIn(zone)]));
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), pairs, (zone, [first, second]) => {
      const tested = [first, second].map((instant) => periods.get(zone)?.(instant));
      const expected = [first, second].map((instant) => referencePeriods(zone, instant));
      for (const rule of RULES)
        t.equal(
          tested[0]?.[rule] === tested[1]?.[rule],
          expected[0]?.[rule] === expected[1]?.[rule],
          `${rule} of ${first} and ${second} in ${zone}`,
        );
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test("the days and hours of a year are as many as its zone has", (t) => {
  const count = (zone: string, rule: keyof Periods, from: number, to: number): number => {
    const periods = periodsIn(zone);
    const found = new Set<string>();
    for (let instant = from; instant < to; instant += 30 * MINUTE) found.add(periods(instant)[rule]);
    return found.size;
  };
  const march = [Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 22)] as const;
  const october = [Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23)] as const;
  t.equal(count("Europe/Berlin", "hourly", ...march), 23);
  t.equal(count("Europe/Berlin", "daily", ...march), 1);
  t.equal(count("Europe/Berlin", "hourly", ...october), 25);
  t.equal(count("Europe/Berlin", "daily", ...october), 1);
  t.equal(count("Pacific/Apia", "daily", Date.UTC(2011, 11, 29, 10), Date.UTC(2011, 11, 31, 10)), 2);
  t.end();
});
