import t from "tap";
import { DURATION_PATTERN, parseDuration } from "./duration.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

t.test("durations are written short or as ISO 8601 has them", (t) => {
  const lengths = Object.entries({
    "30d": 30 * DAY,
    "12h": 12 * HOUR,
    "2w": 14 * DAY,
    "1y6m": 366 * DAY + 6 * 31 * DAY,
    "1d12h": 36 * HOUR,
    P30D: 30 * DAY,
    PT12H: 12 * HOUR,
    P1Y6M: 366 * DAY + 6 * 31 * DAY,
    P2W: 14 * DAY,
    P1DT12H: 36 * HOUR,
    "0d": 0,
  });
  for (const [text, length] of lengths) {
    t.equal(parseDuration(text), length, text);
    t.match(text, new RegExp(DURATION_PATTERN), `the schema takes ${text}`);
  }
  t.end();
});

t.test("anything else is no duration", (t) => {
  for (const text of [
    "",
    "d",
    "30",
    "30 d",
    "1h1d",
    "-1d",
    "1.5d",
    "P",
    "PT",
    "P1DT",
    "PD",
    "p1d",
    "1D",
    "P1H",
    "30d\n",
  ]) {
    t.equal(parseDuration(text), undefined, JSON.stringify(text));
    t.notMatch(text, new RegExp(DURATION_PATTERN), `the schema refuses ${JSON.stringify(text)}`);
  }
  t.end();
});
