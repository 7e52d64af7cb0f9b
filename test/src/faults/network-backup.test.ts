import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { runMatrix } from "./matrix.js";
import { networkCombinations } from "./network-faults.js";
import { requestsOf, runNetworkRow, startNetworkBed } from "./network-matrix.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("anything may happen on the way of a backup to its store", async (t) => {
    const bed = await startNetworkBed(t, s3);
    const scenario = bed.scenarios.backup();
    // The first one finds out what the store can do; the others know.
    await scenario.run();
    t.same(await scenario.judge(true), []);
    const requests = await requestsOf(bed.proxy, () => scenario.run());
    t.same(await scenario.judge(true), []);
    t.ok(requests.filter((one) => one === "UploadPart").length >= 3, "an upload of several parts");
    const combinations = networkCombinations(scenario.name, requests);
    await runMatrix(t, {
      title: "the network of a backup",
      combinations,
      run: (one) => runNetworkRow(bed, scenario, one),
      cleanRun: () => bed.scenarios.cleanRun(),
      minimum: 55,
    });
  });
}
