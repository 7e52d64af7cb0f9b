import t from "tap";
import { bytes, count, dateTime, duration, relativeTime, timeOfDay } from "./format.js";

/** The language of the machine that the tests run on decides how numbers are written. */
const number = (value: number): string => value.toLocaleString();

t.test("sizes have three digits at most, and a unit", (t) => {
  for (const [size, words] of [
    [0, "0 B"],
    [0.4, "0 B"],
    [1023, `${number(1023)} B`],
    [1024, "1 KiB"],
    [1536, `${number(1.5)} KiB`],
    [102_400, "100 KiB"],
    [150_000, "146 KiB"],
    [1_048_575, "1 MiB"],
    [1024 ** 3 * 1.44, `${number(1.4)} GiB`],
    [1024 ** 5 * 2048, `${number(2048)} PiB`],
  ] as const) {
    t.equal(bytes(size), words, String(size));
  }
  t.equal(count(1_234_567), number(1_234_567));
  t.end();
});

t.test("durations have the two largest units that count", (t) => {
  for (const [milliseconds, words] of [
    [-5, "0 ms"],
    [0, "0 ms"],
    [499, "499 ms"],
    [500, "1 s"],
    [12_000, "12 s"],
    [60_000, "1 min"],
    [200_000, "3 min 20 s"],
    [3_600_000, "1 h"],
    [3_605_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ] as const) {
    t.equal(duration(milliseconds), words, String(milliseconds));
  }
  t.end();
});

t.test("times are told from now", (t) => {
  const now = Date.parse("2026-03-07T12:00:00Z");
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [time, value, unit] of [
    ["2026-03-07T12:00:00.400Z", 0, "second"],
    ["2026-03-07T11:59:30Z", -30, "second"],
    ["2026-03-07T12:05:59Z", 5, "minute"],
    ["2026-03-07T09:00:00Z", -3, "hour"],
    ["2026-03-08T13:00:00Z", 1, "day"],
    ["2025-12-01T00:00:00Z", -3, "month"],
    ["2020-01-01T00:00:00Z", -6, "year"],
  ] as const) {
    t.equal(relativeTime(time, now), words.format(value, unit), time);
  }
  t.equal(relativeTime(now - 1000, now), words.format(-1, "second"));
  t.equal(relativeTime(Date.now()), words.format(0, "second"));
  t.end();
});

t.test("moments are written in the browser's language", (t) => {
  const moment = new Date(2026, 2, 7, 14, 5, 9);
  t.match(dateTime(moment.getTime()), /2026/);
  t.match(dateTime(moment.toISOString()), /:?05/);
  t.match(timeOfDay(moment.getTime()), /05.09/);
  t.end();
});
