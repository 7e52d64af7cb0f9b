import t from "tap";
import { parseExpression } from "./expression.js";
import { nextRun } from "./next-run.js";
import { Zone } from "./zone.js";

const UTC = new Zone("Etc/UTC");
const FRIDAY = Date.parse("2026-11-20T10:17:00Z");

function next(text: string, seed = "seed"): string {
  return new Date(nextRun(parseExpression(text, seed), UTC, FRIDAY) ?? NaN).toISOString().slice(0, 19);
}

t.test("five fields, six fields, names, ranges, steps and lists", (t) => {
  for (const [text, expected] of [
    ["0 3 * * *", "2026-11-21T03:00:00"],
    ["  0   3 * *\t* ", "2026-11-21T03:00:00"],
    ["*/20 * * * *", "2026-11-20T10:20:00"],
    ["5-59/15 10 * * *", "2026-11-20T10:20:00"],
    ["30 0 3 * * *", "2026-11-21T03:00:30"],
    ["0 0 * dec,JAN sun", "2026-12-06T00:00:00"],
    ["0 0 * * 7", "2026-11-22T00:00:00"],
    ["0 0 * * 6-7", "2026-11-21T00:00:00"],
    ["0 0 1 1-3 *", "2027-01-01T00:00:00"],
  ] as const) {
    t.equal(next(text), expected, text);
  }
  t.end();
});

t.test("forms with an @", (t) => {
  t.equal(next("@hourly"), "2026-11-20T11:00:00");
  t.equal(next("@daily"), "2026-11-21T00:00:00");
  t.equal(next("@midnight"), "2026-11-21T00:00:00");
  t.equal(next("@Weekly"), "2026-11-22T00:00:00");
  t.equal(next("@monthly"), "2026-12-01T00:00:00");
  t.equal(next("@yearly"), "2027-01-01T00:00:00");
  t.equal(next("@annually"), "2027-01-01T00:00:00");
  t.end();
});

t.test("a random form spreads schedules over its whole period, and each keeps its time", (t) => {
  const hours = new Set<string>();
  for (let tenant = 0; tenant < 400; tenant += 1) {
    const time = next("@daily-random", `tenant ${tenant}`);
    t.equal(next("@daily-random", `tenant ${tenant}`), time);
    hours.add(time.slice(11, 13));
  }
  t.equal(hours.size, 24);
  for (const form of ["@hourly-random", "@weekly-random", "@monthly-random", "@yearly-random"]) {
    t.not(next(form, "a"), next(form, "b"), form);
  }
  t.end();
});

t.test("what is no schedule is refused with what is wrong", (t) => {
  for (const [text, problem] of [
    ["", /0 fields|1 fields/],
    ["0 3 * *", /4 fields; five or six/],
    ["61 * * * *", /'61' is no minute \(0 to 59\)/],
    ["* 24 * * *", /'24' is no hour/],
    ["* * 0 * *", /'0' is no day of the month/],
    ["* * * foo *", /'foo' is no month/],
    ["* * * * 8", /'8' is no day of the week/],
    ["*/0 * * * *", /step of '\*\/0' is 0/],
    ["5/15 * * * *", /write 5-59\/15/],
    ["30-10 * * * *", /ends before it begins/],
    ["0 0 L * *", /'L' is no day of the month/],
    ["0 0 ? * *", /'\?' is no day of the month, range or list/],
    ["1,,2 * * * *", /'' is no minute, range or list/],
    ["0 0 30 2 *", /no month that it names has such a day/],
    ["0 0 31 4,6 *", /no month that it names has such a day/],
    ["@fortnightly", /there are @hourly, .*@daily-random/],
    ["@constructor", /there are @hourly/],
  ] as const) {
    t.throws(
      () => parseExpression(text, ""),
      { code: "SCHEDULE_INVALID", exitCode: 2, message: problem },
      text,
    );
  }
  t.doesNotThrow(() => parseExpression("0 0 31 2 mon", ""), "Mondays in February come");
  t.throws(() => new Zone("Europe/Atlantis"), { code: "SCHEDULE_INVALID", message: /no time zone/ });
  t.end();
});
