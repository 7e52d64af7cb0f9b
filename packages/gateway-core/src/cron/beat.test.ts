import t from "tap";
import { CronTime } from "../test-support/cron.js";
import { testGateway } from "../test-support/gateway.js";
import { Type } from "@openclaw/schema";

t.test("a plugin's ticks go with the clock, do not overlap, and may fail", async (t) => {
  const time = new CronTime("2026-03-07T12:00:00Z");
  const seen: string[] = [];
  let end: () => void = () => undefined;
  const gateway = await testGateway(t, {
    clock: time.clock,
    ticker: time.ticker,
    plugins: [
      {
        name: "ticking",
        version: "1.0.0",
        configSchema: Type.Object({}),
        setup: (host) => {
          host.addTick(() => {
            seen.push(`slow ${new Date(host.clock.now()).toISOString()}`);
            return new Promise<void>((resolve) => (end = resolve));
          });
          host.addTick(() => {
            seen.push("failing");
            return Promise.reject(new Error("it fails"));
          });
          return Promise.resolve();
        },
      },
    ],
  });
  const first = time.to("2026-03-07T12:00:01Z");
  await new Promise(setImmediate);
  const second = time.to("2026-03-07T12:00:02Z");
  t.same(seen, ["slow 2026-03-07T12:00:01.000Z", "failing", "failing"]);
  end();
  await Promise.all([first, second]);
  const third = time.to("2026-03-07T12:00:03Z");
  end();
  await third;
  t.equal(seen.filter((line) => line.startsWith("slow")).length, 2);
  await gateway.close({ graceMs: 0 });
  await time.to("2026-03-07T12:00:04Z");
  t.equal(seen.length, 5, "none after the gateway has stopped");
});
