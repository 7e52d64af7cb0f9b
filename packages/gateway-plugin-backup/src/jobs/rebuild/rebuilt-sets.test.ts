import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ADMIN, backUp, gatewayBench, inLedger } from "../../test-support/gateway-sets.js";
import { ended, withThreads } from "../../test-support/services-bench.js";
import { knownSets } from "../gateway/known-sets.js";
import type { Services } from "../services.js";
import type { JobRecord } from "../types.js";
import { rebuildSubmission } from "./rebuild.js";

const NAME = "2026-03-07T00-00-00Z";

function rebuilt(services: Services, dryRun = false): Promise<JobRecord> {
  return ended(services, rebuildSubmission(services, { dryRun }, ADMIN));
}

function lose(services: Services): void {
  inLedger(services, "DELETE FROM archives; DELETE FROM gateway_sets");
}

await t.test(
  "backups of the whole gateway are found again, and take their places by their time",
  async (t) => {
    const { services, time } = await gatewayBench(t);
    await backUp(services);
    time.advance(60_000);
    await backUp(services, { preDelete: true });
    const shape = () =>
      knownSets(services).map(({ kind, location, state, createdAt, size }) => [
        kind,
        location,
        state,
        createdAt,
        size,
      ]);
    const before = shape();
    lose(services);
    t.match(await rebuilt(services, true), { result: { sets: 2, added: 4 } });
    t.strictSame(shape(), []);
    t.match(await rebuilt(services), { state: "succeeded", result: { sets: 2, added: 4 } });
    t.strictSame(shape(), before);
    t.match(await rebuilt(services), { result: { sets: 0, added: 0 } });
    inLedger(services, "DELETE FROM archives");
    t.match(
      await rebuilt(services),
      { result: { sets: 0, added: 4 } },
      "sets that are known are not listed twice",
    );
  },
);

await t.test("what is no complete set is not listed as one", async (t) => {
  const { services, time } = await gatewayBench(t);
  const { backups } = services.host.paths;
  for (let minute = 0; minute < 4; minute++) {
    await backUp(services);
    time.advance(60_000);
  }
  lose(services);
  writeFileSync(join(backups, NAME, "backup.json"), "{");
  rmSync(join(backups, "2026-03-07T00-01-00Z/backup.json"));
  rmSync(join(backups, "2026-03-07T00-02-00Z/workspace.tar.zst"));
  const other = join(backups, "2026-03-07T00-03-00Z/backup.json");
  writeFileSync(other, readFileSync(other, "utf8").replace(services.ledger.sets.uid, "0".repeat(32)));
  t.match(await rebuilt(services), {
    state: "succeeded",
    result: { sets: 1, added: 7 },
    warnings: [{ code: "PINS_UNKNOWN" }, { code: "SET_UNREADABLE", message: /it is not JSON/ }],
  });
  t.strictSame(knownSets(services), []);
  lose(services);
  const stopping = withThreads(services, (operation, _request, proceed) => {
    const [running] = services.engine.list({ state: "running", limit: 1 });
    if (operation === "readManifest") services.engine.cancel(running?.id ?? "");
    return proceed();
  });
  t.match(await rebuilt(stopping), { state: "cancelled" });
});
