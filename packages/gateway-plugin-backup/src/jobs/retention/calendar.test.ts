import t from "tap";
import { isTimeZone, periodsIn } from "./calendar.js";

t.test("periods are those of the zone's calendar", (t) => {
  const instant = Date.UTC(2026, 0, 1, 3, 30);
  t.same(periodsIn("Etc/UTC")(instant), {
    hourly: "2026-01-01T03 GMT+00:00",
    daily: "2026-01-01",
    weekly: "2026-W01",
    monthly: "2026-01",
    yearly: "2026",
  });
  t.same(periodsIn("America/New_York")(instant), {
    hourly: "2025-12-31T22 GMT-05:00",
    daily: "2025-12-31",
    weekly: "2026-W01",
    monthly: "2025-12",
    yearly: "2025",
  });
  t.end();
});

t.test("weeks are those of ISO 8601", (t) => {
  const week = (year: number, month: number, day: number): string =>
    periodsIn("Etc/UTC")(Date.UTC(year, month - 1, day)).weekly;
  t.equal(week(2024, 12, 30), "2025-W01");
  t.equal(week(2021, 1, 3), "2020-W53");
  t.equal(week(2021, 1, 4), "2021-W01");
  t.equal(week(2026, 12, 31), "2026-W53");
  t.equal(week(2028, 1, 2), "2027-W52");
  t.end();
});

t.test("an hour that comes twice is two hours, and their day is one", (t) => {
  const periods = periodsIn("Europe/Berlin");
  const first = periods(Date.UTC(2026, 9, 25, 0, 30));
  const second = periods(Date.UTC(2026, 9, 25, 1, 30));
  t.match([first.hourly, second.hourly], [/T02 GMT\+02:00$/, /T02 GMT\+01:00$/]);
  t.equal(first.daily, second.daily);
  t.end();
});

t.test("a time zone is one that the machine knows", (t) => {
  for (const name of ["Etc/UTC", "Europe/Berlin", "Asia/Kathmandu"]) t.ok(isTimeZone(name), name);
  for (const name of ["", "Europe/Atlantis", "Berlin time"]) t.notOk(isTimeZone(name), name);
  t.end();
});
