import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { runMatrix } from "./matrix.js";
import { networkCombinations } from "./network-faults.js";
import type { NetworkFault } from "./network-faults.js";
import { requestsOf, runDeathRow, startNetworkBed } from "./network-matrix.js";

const deaths: readonly NetworkFault[] = ["SIGKILL", "SIGTERM"].map((name) => ({
  name,
  fault: { kind: "stall" },
}));

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("a backup may die at any request to its store; the next start carries it on", async (t) => {
    const bed = await startNetworkBed(t, s3);
    const scenario = bed.scenarios.backup();
    // After each death a new process finds out anew what the store can do, as the first one does here.
    const requests = await requestsOf(bed.proxy, () => scenario.run());
    t.same(await scenario.judge(true), []);
    const combinations = networkCombinations(scenario.name, requests, deaths, true);
    await runMatrix(t, {
      title: "deaths in an upload",
      combinations,
      run: (one) => runDeathRow(bed, scenario, one),
      cleanRun: () => bed.scenarios.cleanRun(),
      minimum: 20,
    });
  });
}
