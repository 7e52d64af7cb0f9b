import t from "tap";
import { Closing } from "./closing.js";
import { createLogger } from "./http/logger.js";

const log = createLogger("silent");

t.test("plugins drain, then stop, then the state is given free", async (t) => {
  const steps: string[] = [];
  const closing = new Closing(log);
  closing.stops([
    {
      drain: async () => {
        await Promise.resolve();
        steps.push("drained");
      },
      stop: () => {
        steps.push("stopped");
        return Promise.resolve();
      },
    },
  ]);
  closing.onReleased(() => void steps.push("released"));
  t.equal(closing.begun, false);
  const closed = closing.close(60_000);
  t.equal(closing.begun, true);
  t.equal(closing.close(60_000), closed, "it ends once");
  await closed;
  t.same(steps, ["drained", "stopped", "released"]);
});

t.test("a second call cuts the wait short; what did not drain is stopped", async (t) => {
  const steps: string[] = [];
  const closing = new Closing(log);
  closing.stops([
    {
      drain: () => new Promise(() => undefined),
      stop: () => {
        steps.push("stopped");
        return Promise.resolve();
      },
    },
  ]);
  closing.onReleased(() => void steps.push("released"));
  const closed = closing.close(60_000);
  await Promise.resolve();
  t.same(steps, []);
  await closing.close(0);
  await closed;
  t.same(steps, ["stopped", "released"]);
});

t.test("a plugin that fails to shut down keeps nobody else from it", async (t) => {
  const steps: string[] = [];
  const closing = new Closing(log);
  closing.stops([
    { drain: () => Promise.reject(new Error("no")), stop: () => Promise.reject(new Error("no")) },
    {
      drain: () => Promise.resolve(),
      stop: () => {
        steps.push("stopped");
        return Promise.resolve();
      },
    },
  ]);
  closing.onReleased(() => void steps.push("released"));
  await closing.close(1000);
  t.same(steps, ["stopped", "released"]);
});
