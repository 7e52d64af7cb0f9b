import fc from "fast-check";
import t from "tap";
import { nextLocalTime, parseFields } from "./fields.js";
import { longestInterval } from "./interval.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NEW_YEAR = Date.UTC(2026, 0, 1);

t.test("the longest time between two runs", (t) => {
  const hours = (expression: string): number | undefined => {
    const longest = longestInterval(parseFields(expression), NEW_YEAR);
    return longest === undefined ? undefined : longest / HOUR_MS;
  };
  t.equal(hours("0 3 * * *"), 24);
  t.equal(hours("0 * * * *"), 1);
  t.equal(hours("0 3 * * 1-5"), 72, "over a weekend");
  t.equal(hours("0 3,15 * * *"), 12);
  t.equal(hours("0 3,4 * * *"), 23);
  t.equal(hours("0 0 1 * *"), 31 * 24);
  t.equal(hours("0 0 29 2 *"), 1461 * 24);
  t.equal(hours("* * 3 * * *"), 23 + 1 / 3600, "from 03:59:59 to 03:00:00");
  t.equal(hours("* * * * * *"), 1 / 3600);
  t.end();
});

t.test("no two runs lie further apart, and two do", (t) => {
  const list = (to: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant("*"),
      fc.uniqueArray(fc.integer({ min: 0, max: to }), { minLength: 1, maxLength: 3 }).map(String),
    );
  const expression = fc
    .tuple(list(59), list(23), fc.constantFrom("*", "1-3", "*/9"), fc.constantFrom("*", "1-5", "0"))
    .map(([minute, hour, day, weekday]) => `${minute} ${hour} ${day} * ${weekday}`);
  fc.assert(
    fc.property(expression, (text) => {
      const fields = parseFields(text);
      const longest = longestInterval(fields, NEW_YEAR) ?? 0;
      let found = 0;
      let run = nextLocalTime(fields, NEW_YEAR);
      // A whole cycle of months and weekdays is walked by leaps: what happens within a day is the same every day.
      while (run !== undefined && run < NEW_YEAR + 4 * 366 * DAY_MS && found < longest) {
        const next = nextLocalTime(fields, run);
        if (next !== undefined) found = Math.max(found, next - run);
        run = next;
      }
      return found === longest;
    }),
    { numRuns: 40 },
  );
  t.end();
});
