import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { FakeTime } from "../test-support/fake-time.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { servicesBench } from "../test-support/services-bench.js";
import { expirePlans, openPlan, preparePlan } from "./plans.js";

/** A host in whose backup directory a file stands where the lists belong. */
async function blocked(t: Test) {
  const { services } = await servicesBench(t);
  const { paths } = services.host;
  mkdirSync(paths.backup, { recursive: true });
  writeFileSync(join(paths.backup, "plans"), "");
  return { paths, clock: new FakeTime(), log: new MemoryLog() };
}

t.test("a list for which there is no place is refused before the tenant is looked through", async (t) => {
  const host = await blocked(t);
  await t.rejects(preparePlan(host, "j1"), { code: "IO_FAILED", message: /make room for a list in .*plans/ });
});

t.test("a list that cannot be read is told from one that is gone", async (t) => {
  await t.rejects(openPlan(await blocked(t), "j1"), { code: "IO_FAILED", message: /plans\/j1\.jsonl/ });
});

t.test("old lists that cannot be removed are logged", async (t) => {
  const host = await blocked(t);
  await expirePlans(host);
  t.match(host.log.lines, [{ level: "warn", fields: { problem: /plans/ } }]);
});
