import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { runMatrix } from "./matrix.js";
import { networkCombinations } from "./network-faults.js";
import { requestsOf, runNetworkRow, startNetworkBed } from "./network-matrix.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("anything may happen on the way of a restore from its store", async (t) => {
    const bed = await startNetworkBed(t, s3);
    const scenario = await bed.scenarios.forcedRestore();
    const requests = await requestsOf(bed.proxy, () => scenario.run());
    t.same(await scenario.judge(true), []);
    const combinations = networkCombinations(scenario.name, requests);
    await runMatrix(t, {
      title: "the network of a restore",
      combinations,
      run: (one) => runNetworkRow(bed, scenario, one),
      cleanRun: () => bed.scenarios.cleanRun(),
      minimum: 22,
    });
  });
}
