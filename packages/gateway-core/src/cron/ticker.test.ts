import t from "tap";
import { systemTicker } from "./ticker.js";

t.test("the system's ticker ticks until it is stopped", async (t) => {
  let ticks = 0;
  // It keeps no process alive, so the test has to.
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(() => clearInterval(alive));
  await new Promise<void>((resolve) => {
    const stop = systemTicker(() => {
      ticks += 1;
      if (ticks === 2) {
        stop();
        resolve();
      }
      return Promise.resolve();
    });
  });
  t.equal(ticks, 2);
});
