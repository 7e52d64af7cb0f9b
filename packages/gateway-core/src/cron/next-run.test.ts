import fc from "fast-check";
import t from "tap";
import { parseFields } from "./fields.js";
import { lastRun, nextRun } from "./next-run.js";
import { Zone } from "./zone.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The runs in [from, to), as RFC 3339 to the second. */
function runs(expression: string, zoneName: string, from: string, to: string): string[] {
  const fields = parseFields(expression);
  const zone = new Zone(zoneName);
  const found: string[] = [];
  let run = nextRun(fields, zone, Date.parse(from) - 1);
  while (run !== undefined && run < Date.parse(to)) {
    found.push(new Date(run).toISOString().slice(0, 19));
    run = nextRun(fields, zone, run);
  }
  return found;
}

t.test("a time that does not exist runs once, at the first instant after the gap", (t) => {
  // Clocks in Berlin go from 02:00 to 03:00 at 01:00 UTC on 29 March 2026.
  const gap = ["2026-03-28T12:00Z", "2026-03-30T12:00Z"] as const;
  t.same(runs("30 2 * * *", "Europe/Berlin", ...gap), ["2026-03-29T01:00:00", "2026-03-30T00:30:00"]);
  t.same(runs("*/15 2 29 3 *", "Europe/Berlin", ...gap), ["2026-03-29T01:00:00"], "four of them are one");
  t.same(runs("0 2,3 29 3 *", "Europe/Berlin", ...gap), ["2026-03-29T01:00:00"], "03:00 is the same instant");
  t.same(runs("15 30 2 * * *", "Europe/Berlin", ...gap), ["2026-03-29T01:00:00", "2026-03-30T00:30:15"]);
  // Clocks in Beirut go from 00:00 to 01:00.
  t.same(runs("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00Z", "2026-03-30T12:00Z"), [
    "2026-03-28T22:00:00",
    "2026-03-29T21:00:00",
  ]);
  // Samoa left out 30 December 2011 as a whole.
  t.same(runs("0 3 * * *", "Pacific/Apia", "2011-12-29T00:00Z", "2012-01-01T00:00Z"), [
    "2011-12-29T13:00:00",
    "2011-12-30T10:00:00",
    "2011-12-30T13:00:00",
    "2011-12-31T13:00:00",
  ]);
  t.end();
});

t.test("a time that comes twice runs once, the first time", (t) => {
  // Clocks in New York go from 02:00 back to 01:00 at 06:00 UTC on 1 November 2026.
  const overlap = ["2026-11-01T00:00Z", "2026-11-02T12:00Z"] as const;
  t.same(runs("30 1 * * *", "America/New_York", ...overlap), ["2026-11-01T05:30:00", "2026-11-02T06:30:00"]);
  t.same(runs("*/30 1 1 11 *", "America/New_York", ...overlap), [
    "2026-11-01T05:00:00",
    "2026-11-01T05:30:00",
  ]);
  // Lord Howe's clocks move by half an hour, at 15:00 UTC on 4 April 2026.
  t.same(runs("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", "2026-04-05T00:00Z"), [
    "2026-04-04T14:45:00",
  ]);
  const zone = new Zone("America/New_York");
  const secondPass = Date.parse("2026-11-01T06:30:00Z");
  t.equal(nextRun(parseFields("* * 1 * * *"), zone, secondPass), Date.parse("2026-11-02T06:00:00Z"));
  t.end();
});

t.test("wildcard hours follow real time", (t) => {
  const gap = runs("30 * * * *", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T04:00Z");
  t.same(
    gap,
    [23, 0, 1, 2, 3].map((hour) => `2026-03-${hour === 23 ? "28" : "29"}T${two(hour)}:30:00`),
  );
  const overlap = runs("0 * * * *", "Europe/Berlin", "2026-10-24T23:00Z", "2026-10-25T04:00Z");
  t.same(
    overlap,
    ["2026-10-24T23", "2026-10-25T00", "2026-10-25T01", "2026-10-25T02", "2026-10-25T03"].map(full),
  );
  // Beirut's clocks go from midnight back to 23:00: the day has that hour twice, and none comes after it for a year.
  t.same(
    runs("0 * 31 10 *", "Asia/Beirut", "2026-10-31T18:00Z", "2026-11-02T00:00Z"),
    ["2026-10-31T18", "2026-10-31T19", "2026-10-31T20", "2026-10-31T21"].map(full),
  );
  t.end();
});

t.test("month ends, leap years and days that two fields name", (t) => {
  const utc = (expression: string, from: string, to: string): string[] =>
    runs(expression, "Etc/UTC", from, to);
  t.same(
    utc("0 0 31 * *", "2026-01-01T00:00Z", "2026-07-01T00:00Z").map((run) => run.slice(0, 10)),
    ["2026-01-31", "2026-03-31", "2026-05-31"],
  );
  t.same(
    utc("0 0 29 2 *", "2096-01-01T00:00Z", "2105-01-01T00:00Z").map((run) => run.slice(0, 10)),
    ["2096-02-29", "2104-02-29"],
    "2100 is no leap year",
  );
  t.same(
    utc("0 0 13 * fri", "2026-02-01T00:00Z", "2026-02-21T00:00Z").map((run) => run.slice(8, 10)),
    ["06", "13", "20"],
    "the 13th, or a Friday",
  );
  t.same(
    utc("0 0 */31 2 1", "2026-01-01T00:00Z", "2050-01-01T00:00Z").map((run) => run.slice(0, 10)),
    ["2027-02-01", "2038-02-01", "2044-02-01", "2049-02-01"],
    "the 1st, if it is a Monday: a field that begins with a star does not widen the other",
  );
  t.end();
});

/** A minute of a zone: the local times that clocks show at its beginning for the first time, or have skipped before it. */
interface Minute {
  readonly instant: number;
  readonly shown: Date;
  readonly fresh: readonly Date[];
}

/** The rules, by walking from minute to minute with a matcher of its own. */
function walked(expression: string, minutes: readonly Minute[], after: number): number | undefined {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = expression.split(" ");
  const matches = (wall: Date): boolean => {
    if (!inField(minute, wall.getUTCMinutes(), 0) || !inField(hour, wall.getUTCHours(), 0)) return false;
    if (!inField(month, wall.getUTCMonth() + 1, 1)) return false;
    const dayMatches = inField(day, wall.getUTCDate(), 1);
    const weekdayMatches = inField(weekday, wall.getUTCDay(), 0);
    const both = day.startsWith("*") || weekday.startsWith("*");
    return both ? dayMatches && weekdayMatches : dayMatches || weekdayMatches;
  };
  return minutes.find(
    ({ instant, shown, fresh }) => instant > after && (hour === "*" ? matches(shown) : fresh.some(matches)),
  )?.instant;
}

function inField(field: string, value: number, from: number): boolean {
  return field.split(",").some((item) => {
    const [range = "", step = "1"] = item.split("/");
    const [low = "", high = low] = range === "*" ? [String(from), "99"] : range.split("-");
    return value >= Number(low) && value <= Number(high) && (value - Number(low)) % Number(step) === 0;
  });
}

/** Around a change of the clocks of each zone: what the walk begins with is its instant. */
const CHANGES: readonly (readonly [zone: string, around: string])[] = [
  ["Europe/Berlin", "2026-03-29T01:00Z"],
  ["Europe/Berlin", "2026-10-25T01:00Z"],
  ["America/New_York", "2028-03-12T07:00Z"],
  ["America/New_York", "2026-11-01T06:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30Z"],
  ["Asia/Beirut", "2026-03-28T22:00Z"],
  ["Asia/Beirut", "2026-10-31T21:00Z"],
  ["Africa/Casablanca", "2026-02-15T02:00Z"],
  ["America/Havana", "2026-11-01T05:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00Z"],
  ["Asia/Kathmandu", "2028-02-29T12:00Z"],
  ["Etc/UTC", "2026-12-31T12:00Z"],
];

const WALK_BEFORE_MS = 2 * DAY_MS;
const WALK_MS = 5 * DAY_MS;

t.test("next runs are those of a walk from minute to minute", (t) => {
  const minute = fc.oneof(fc.constantFrom("*", "*/15", "*/7", "30-45/5"), number(0, 59), pair(0, 59));
  const hour = fc.oneof(
    fc.constantFrom("*", "*", "*/2", "0-3", "1-3/2"),
    number(0, 3),
    number(0, 23),
    pair(0, 23),
  );
  const day = fc.oneof(
    fc.constant("*"),
    fc.constant("*"),
    number(1, 31),
    fc.constantFrom("28-31", "1,15", "*/2"),
  );
  const month = fc.oneof(fc.constant("*"), fc.constant("*"), fc.constantFrom("3,10-12", "2,4,11", "1-6/2"));
  const weekday = fc.oneof(
    fc.constant("*"),
    fc.constant("*"),
    number(0, 6),
    fc.constantFrom("1-5", "0,6", "*/3"),
  );
  const expression = fc
    .tuple(minute, hour, day, month, weekday)
    .map((fields) => fields.join(" "))
    .filter(canCome);
  for (const [zoneName, around] of CHANGES) {
    const zone = new Zone(zoneName);
    const start = Date.parse(around) - WALK_BEFORE_MS;
    const minutes = minutesOf(zoneName, start, start + WALK_MS);
    const after = fc.integer({ min: start + DAY_MS * 1.25, max: start + WALK_MS });
    fc.assert(
      fc.property(expression, after, (text, from) => {
        const expected = walked(text, minutes, from);
        const run = nextRun(parseFields(text), zone, from);
        const shown = run !== undefined && run < start + WALK_MS ? run : undefined;
        if (shown !== expected)
          throw new Error(`${text} ${zoneName}: ${String(shown)}, not ${String(expected)}`);
      }),
      { numRuns: 60 },
    );
    t.pass(`${zoneName} around ${around}`);
  }
  t.end();
});

t.test("the last run until an instant is the one that no other follows", (t) => {
  const fields = parseFields("*/10 3 * * *");
  const zone = new Zone("Europe/Berlin");
  const from = Date.parse("2026-03-27T00:00Z");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 * DAY_MS }), fc.integer({ min: 0, max: 4 * DAY_MS }), (a, b) => {
      const [after, until] = [from + Math.min(a, b), from + Math.max(a, b)];
      let expected: number | undefined;
      let run = nextRun(fields, zone, after);
      while (run !== undefined && run <= until) {
        expected = run;
        run = nextRun(fields, zone, run);
      }
      return lastRun(fields, zone, after, until) === expected;
    }),
  );
  t.end();
});

t.test("a year over two changes of the clocks in three zones", (t) => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]) {
    const year = ["2026-01-01T12:00Z", "2027-01-01T12:00Z"] as const;
    t.equal(runs("30 2 * * *", zone, ...year).length, 365, `${zone}: once a day`);
    t.equal(runs("45 1 * * *", zone, ...year).length, 365, `${zone}: once a day`);
    t.equal(runs("0 0 * * *", zone, ...year).length, 365, `${zone}: once a day`);
    t.equal(new Set(runs("0 3 * * 0", zone, ...year)).size, 52, `${zone}: once a week`);
  }
  t.equal(runs("0 * * * *", "Europe/Berlin", "2026-01-01T00:00Z", "2027-01-01T00:00Z").length, 365 * 24);
  t.end();
});

/** No month that it could name has 31 February and the like. */
function canCome(expression: string): boolean {
  try {
    parseFields(expression);
    return true;
  } catch {
    return false;
  }
}

function number(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map(String);
}

function pair(min: number, max: number): fc.Arbitrary<string> {
  return fc.tuple(number(min, max), number(min, max)).map((values) => values.join(","));
}

function minutesOf(zone: string, from: number, to: number): Minute[] {
  // Another way to ask than the one that is tested: Swedish is written as ISO 8601 has it.
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "short",
    hourCycle: "h23",
  });
  const minutes: Minute[] = [];
  const seen = new Set<number>();
  let before: number | undefined;
  for (let instant = from; instant < to; instant += MINUTE_MS) {
    const shown = new Date(`${format.format(instant).replace(" ", "T")}:00Z`);
    const fresh = seen.has(shown.getTime()) ? [] : [shown];
    for (let skipped = (before ?? Infinity) + MINUTE_MS; skipped < shown.getTime(); skipped += MINUTE_MS) {
      fresh.push(new Date(skipped));
    }
    minutes.push({ instant, shown, fresh });
    seen.add(shown.getTime());
    before = shown.getTime();
  }
  return minutes;
}

function two(hour: number): string {
  return String(hour).padStart(2, "0");
}

function full(hour: string): string {
  return `${hour}:00:00`;
}
