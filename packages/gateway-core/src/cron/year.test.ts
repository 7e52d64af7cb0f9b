/** A year of schedules over two changes of the clocks, in zones that do it differently, by a clock of the test's. */
import fc from "fast-check";
import t from "tap";
import { CronTime, cronBed, writeTenant } from "../test-support/cron.js";
import { temporaryDirectory } from "../test-support/gateway.js";
import { naiveRuns, zoneYear } from "../test-support/naive-schedule.js";
import { parseFields } from "./fields.js";
import { nextRun } from "./next-run.js";
import { Zone } from "./zone.js";

const START = "2026-01-01T12:00:00Z";
const END = "2027-01-01T12:00:00Z";

/** By an hour at 02:00, at 02:00, by half an hour, and over midnight: in Cairo a day has none, and another has it twice. */
const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"];

const YEARS = ZONES.map((zone) => zoneYear(zone, Date.parse(START), Date.parse(END)));

/** Times around the changes of all four, every hour, and days that are rare. */
const EXPRESSIONS = [
  "30 2 * * *",
  "0,45 2 * 3,10 *",
  "30 1 * * 0",
  "0 0 * 3,4,10,11 *",
  "15 0 * * 5",
  "45 23 * 4,10 0",
  "20 */5 * 4,10 0",
  "7 * 28-30 3,10 *",
  "0 * 1-2 4,11 *",
  "0 3 13 * 5",
  "30 0 31 * *",
];

t.test("the gateway starts every schedule at the instants of a walk from minute to minute", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const expected = new Map<string, readonly string[]>();
  for (const year of YEARS) {
    const schedules = EXPRESSIONS.map((schedule, n) => {
      const name = `${year.zone.replace("/", ".")}-${n}`;
      const runs = naiveRuns(schedule, year).filter((run) => run > Date.parse(START));
      expected.set(
        name,
        runs.map((run) => new Date(run).toISOString()),
      );
      return { name, schedule, tz: year.zone };
    });
    await writeTenant(stateDir, year.zone.toLowerCase().replace("/", "-"), schedules);
  }
  const time = new CronTime(START);
  const bed = await cronBed(t, time, { stateDir });
  // A run that the walk does not know would come with the next of these, and name its own time.
  for (const at of [...new Set([...expected.values()].flat())].sort()) await time.to(at);
  await time.to(END);
  const started = new Map<string, string[]>();
  for (const { schedule, run } of bed.runs) {
    started.set(schedule, [...(started.get(schedule) ?? []), run.due ?? ""]);
  }
  for (const [name, runs] of expected) t.same(started.get(name), runs, name);
  t.ok(bed.runs.every(({ run }) => run.by === "schedule" && run.outcome === "started" && run.at === run.due));
  const inBerlin = new Set(started.get("Europe.Berlin-0"));
  t.ok(inBerlin.has("2026-03-29T01:00:00.000Z"), "02:30 was the first instant after the gap");
  t.ok(inBerlin.has("2026-10-25T00:30:00.000Z"), "the first of two");
  t.notOk(inBerlin.has("2026-10-25T01:30:00.000Z"), "and not the second");
  t.equal(inBerlin.size, 365);
});

t.test("any expression runs at the instants of a walk from minute to minute", (t) => {
  const minute = fc.oneof(
    fc.constantFrom("0", "30-45/15"),
    fc.integer({ min: 0, max: 59 }).map(String),
    fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 2, maxLength: 2 }).map(String),
  );
  const hour = fc.oneof(
    fc.constantFrom("*", "*/2", "0-3", "1-3/2", "22,23"),
    fc.integer({ min: 0, max: 4 }).map(String),
    fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 2, maxLength: 3 }).map(String),
  );
  const day = fc.oneof(
    fc.constantFrom("*", "*", "28-31", "1,15", "*/2"),
    fc.integer({ min: 1, max: 31 }).map(String),
  );
  const month = fc.constantFrom("*", "*", "*", "3,10-11", "4", "1-12/2");
  const weekday = fc.constantFrom("*", "*", "*", "0", "1-5", "5,6", "*/3");
  const expression = fc.tuple(minute, hour, day, month, weekday).map((fields) => fields.join(" "));
  for (const year of YEARS) {
    const zone = new Zone(year.zone);
    fc.assert(
      fc.property(expression, (text) => {
        const expected = naiveRuns(text, year);
        // 31 April and its like are refused, for they never come.
        fc.pre(expected.length > 0);
        const fields = parseFields(text);
        let after = Date.parse(START) - 1;
        for (const run of expected) {
          const next = nextRun(fields, zone, after);
          if (next !== run) throw new Error(`${text} ${year.zone}: ${String(next)}, not ${run}`);
          after = run;
        }
        return (nextRun(fields, zone, after) ?? Infinity) >= Date.parse(END);
      }),
      { numRuns: 6 },
    );
    t.pass(year.zone);
  }
  t.end();
});
