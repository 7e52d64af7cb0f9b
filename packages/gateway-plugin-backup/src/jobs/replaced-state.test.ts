import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import { GatewayRestoreBench } from "../test-support/gateway-restore-bench.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { servicesBench } from "../test-support/services-bench.js";
import { tarOf } from "../archive/testing/tar-builder.js";
import { purgeReplacedState } from "./replaced-state.js";

t.test("what a restore of the gateway has replaced is removed when its undo has expired", async (t) => {
  const bench = new GatewayRestoreBench(t.testdir());
  const from = bench.files({
    "state.tar": tarOf({ name: "./openclaw.json", content: "{}" }),
    "state/old": "old",
  });
  const { job = "" } = await bench.restore({ from, force: true });
  mkdirSync(join(bench.root, ".restore/g1"));
  writeFileSync(join(bench.root, ".restore/g1/staged"), "in vain");
  const start = async (hours: number): Promise<void> => {
    const clock = { now: () => bench.time.now() + hours * 3_600_000 };
    const { gateway } = await testGateway(t, {}, bench.root, [], { clock });
    await gateway.close({ graceMs: 0 });
  };
  const replaced = join(bench.root, ".restore", job, "replaced/old");
  await start(23);
  t.ok(existsSync(replaced), "it can still be undone");
  t.notOk(existsSync(join(bench.root, ".restore/g1")));
  await start(24);
  t.notOk(existsSync(replaced));
  t.equal(await bench.restores.undoable(), undefined);
});

t.test("what cannot be removed is logged", async (t) => {
  const log = new MemoryLog();
  const bench = await servicesBench(t);
  const { host, config } = bench.services;
  const replacedState = { forget: () => Promise.reject(new Error("EIO")) };
  await purgeReplacedState({ host: { ...host, log, replacedState }, config });
  t.match(log.lines, [{ level: "warn", message: /could not be removed/, fields: { problem: /EIO/ } }]);
});
