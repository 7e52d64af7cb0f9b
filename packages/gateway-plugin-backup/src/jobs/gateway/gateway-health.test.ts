import t from "tap";
import { backUp, gatewayBench, inLedger } from "../../test-support/gateway-sets.js";
import { withThreads } from "../../test-support/services-bench.js";
import type { Services } from "../services.js";
import { gatewayHealth } from "./gateway-health.js";

const HOUR = 3_600_000;

await t.test("of the whole gateway the newest good backup counts, and what has failed since", async (t) => {
  const { services, time } = await gatewayBench(t);
  t.same(gatewayHealth(services), { damaged: [], isOverdue: false, schedules: [] });
  const full = withThreads(services, (operation, _request, proceed) => {
    if (operation === "backup") throw new Error("the disk is full");
    return proceed();
  });
  const { id } = await backUp(full);
  t.match(gatewayHealth(services), { newest: undefined, lastFailure: { id } });
  await backUp(services);
  const first = gatewayHealth(services);
  t.match(first, { newest: { state: "complete", createdAt: time.now() } });
  t.same([first.lastFailure, first.verifiedAt], [undefined, undefined], "a success since then");

  time.advance(HOUR);
  await backUp(services);
  inLedger(services, `UPDATE archives SET verified_at = ${time.now()} WHERE created_at < ${time.now()}`);
  inLedger(services, `UPDATE archives SET state = 'damaged' WHERE created_at = ${time.now()}`);
  t.match(gatewayHealth(services), {
    newest: { createdAt: time.now() - HOUR },
    verifiedAt: time.now(),
    damaged: [{ createdAt: time.now() }],
  });
  const expecting = (at: number): Services => ({
    ...services,
    absence: {
      gatewaySchedules: () => [],
      gatewayDeadline: (lastGood: number | undefined) =>
        lastGood === time.now() - HOUR ? { at, because: "of the test" } : undefined,
    } as Partial<Services["absence"]> as Services["absence"],
  });
  t.match(gatewayHealth(expecting(time.now())), { deadline: time.now(), isOverdue: false });
  t.match(gatewayHealth(expecting(time.now() - 1)), { isOverdue: true });
});
