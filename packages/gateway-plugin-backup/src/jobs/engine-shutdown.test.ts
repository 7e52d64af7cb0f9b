import { setImmediate } from "node:timers/promises";
import t from "tap";
import { toBackupError } from "../errors.js";
import { engineBench, only } from "../test-support/engine-bench.js";

t.test("draining lets running jobs end, and says of waiting ones that they were not begun", async (t) => {
  const { engine, submit, submission, works, tenants } = engineBench(t, 1);
  const running = submit("acme");
  const waiting = [submit("acme"), submit("beta")];
  let drained = false;
  const drain = engine.drain().then(() => (drained = true));
  for (const { id } of waiting) {
    t.match(engine.get(id), { state: "interrupted", error: { code: "JOB_INTERRUPTED", message: /before/ } });
  }
  t.throws(() => engine.submit(submission("gamma")), { code: "SHUTTING_DOWN" });
  await setImmediate();
  t.notOk(drained);
  await only(works).succeed();
  await drain;
  t.equal(engine.get(running.id).state, "succeeded");
  t.equal(tenants.holders.size, 0);
});

t.test("stopping aborts what runs, and waits for it to clean up", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme");
  const stop = engine.stop();
  const { context, fail } = only(works);
  t.match(context.signal.reason, { code: "JOB_INTERRUPTED" });
  await fail(toBackupError(context.signal.reason, "go on"));
  await stop;
  t.match(engine.get(id), { state: "interrupted", error: { code: "JOB_INTERRUPTED" } });
});

t.test(
  "a job that does not stop in time is noted as interrupted; what it does later changes nothing",
  async (t) => {
    const { engine, submit, works, time, ledger } = engineBench(t);
    const { id } = submit("acme");
    const stop = engine.stop();
    time.advance(5000);
    await stop;
    t.equal(ledger.jobs.get(id)?.state, "interrupted");
    await only(works).succeed();
    t.equal(ledger.jobs.get(id)?.state, "interrupted");
  },
);

t.test("stopping leaves a swap alone; the next start settles what did not end in time", async (t) => {
  const { engine, submit, works, time, ledger } = engineBench(t);
  const { id } = submit("acme", { type: "restore" });
  only(works).context.uncancellable();
  const stop = engine.stop();
  t.notOk(only(works).context.signal.aborted);
  time.advance(5000);
  await stop;
  t.equal(ledger.jobs.get(id)?.state, "running");
});
