import t from "tap";
import { RateMeter } from "./rate.js";

t.test("a steady rate is found, and with it the time that is left", (t) => {
  const meter = new RateMeter();
  t.equal(meter.bytesPerSecond, undefined);
  for (let second = 0; second <= 10; second += 1) meter.update(second * 1_000_000, second * 1000);
  t.equal(Math.round(meter.bytesPerSecond ?? 0), 1_000_000);
  t.equal(Math.round(meter.remainingMs(15_000_000) ?? 0), 5000);
  t.end();
});

t.test("a store that slows down is followed within seconds, and one stall is smoothed", (t) => {
  const meter = new RateMeter();
  meter.update(0, 0);
  meter.update(1_000_000, 1000);
  meter.update(1_000_000, 2000);
  const afterStall = meter.bytesPerSecond ?? 0;
  t.ok(afterStall > 700_000 && afterStall < 1_000_000);
  for (let second = 3; second < 40; second += 1) meter.update(1_000_000 + second, second * 1000);
  t.ok((meter.bytesPerSecond ?? 0) < 1000);
  t.end();
});

t.test("nothing is foretold while nothing moves, and a new phase begins anew", (t) => {
  const meter = new RateMeter();
  meter.update(0, 0);
  meter.update(0, 1000);
  t.equal(meter.remainingMs(100), undefined);
  meter.update(5000, 2000);
  meter.update(5000, 2000);
  t.ok(meter.bytesPerSecond);
  meter.update(0, 3000);
  t.equal(meter.bytesPerSecond, undefined);
  t.end();
});
