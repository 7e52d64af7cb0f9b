import t from "tap";
import { formatBytes, formatCount, formatDuration, formatTime, plural } from "./format.js";

t.test("bytes have three significant digits and decimal units", (t) => {
  t.equal(formatBytes(0), "0 B");
  t.equal(formatBytes(999), "999 B");
  t.equal(formatBytes(1000), "1.00 kB");
  t.equal(formatBytes(9_994), "9.99 kB");
  t.equal(formatBytes(9_996), "10.0 kB");
  t.equal(formatBytes(99_960), "100 kB");
  t.equal(formatBytes(999_499), "999 kB");
  t.equal(formatBytes(999_500), "1.00 MB");
  t.equal(formatBytes(312_345_678), "312 MB");
  t.equal(formatBytes(1_060_000_000), "1.06 GB");
  t.equal(formatBytes(2 ** 60), "1153 PB");
  t.end();
});

t.test("durations name at most two units", (t) => {
  t.equal(formatDuration(0), "0.0 s");
  t.equal(formatDuration(4_130), "4.1 s");
  t.equal(formatDuration(59_949), "59.9 s");
  t.equal(formatDuration(59_960), "1 min 0 s");
  t.equal(formatDuration(125_000), "2 min 5 s");
  t.equal(formatDuration(3_599_600), "1 h 0 min");
  t.equal(formatDuration(86_399_000), "1 d 0 h");
  t.equal(formatDuration(273_600_000), "3 d 4 h");
  t.end();
});

t.test("counts have separators, and nouns their number", (t) => {
  t.equal(formatCount(20_163), "20,163");
  t.equal(plural(1, "file"), "1 file");
  t.equal(plural(0, "entry", "entries"), "0 entries");
  t.end();
});

t.test("times are UTC to the second, and what is no time stays as it came", (t) => {
  t.equal(formatTime("2026-06-03T04:00:00.123+02:00"), "2026-06-03 02:00:00Z");
  t.equal(formatTime("soon"), "soon");
  t.end();
});
