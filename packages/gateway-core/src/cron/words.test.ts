import t from "tap";
import { runWords } from "./words.js";
import { Zone } from "./zone.js";

const BERLIN = new Zone("Europe/Berlin");
/** 22:30 in Berlin, on a Friday. */
const NOW = Date.parse("2026-11-20T21:30:00Z");

t.test("runs are told as people would", (t) => {
  const words = (instant: string): string => runWords(Date.parse(instant), NOW, BERLIN);
  t.equal(words("2026-11-20T21:30:20Z"), "today at 22:30:20, Europe/Berlin (in less than a minute)");
  t.equal(words("2026-11-20T22:00:00Z"), "today at 23:00, Europe/Berlin (in 30 minutes)");
  t.equal(words("2026-11-20T23:31:00Z"), "tomorrow at 00:31, Europe/Berlin (in 2 hours 1 minute)");
  t.equal(words("2026-11-22T02:00:00Z"), "on Sunday at 03:00, Europe/Berlin (in 1 day 4 hours)");
  t.equal(
    words("2027-07-01T01:00:00Z"),
    "on Thursday, 1 July 2027, at 03:00, Europe/Berlin (in 222 days 3 hours)",
  );
  t.end();
});
