import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { runMatrix } from "./matrix.js";
import { networkCombinations } from "./network-faults.js";
import type { NetworkFault } from "./network-faults.js";
import { requestsOf, runDeathRow, runNetworkRow, startNetworkBed } from "./network-matrix.js";

const death: NetworkFault = { name: "SIGKILL", fault: { kind: "stall" } };

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("anything may happen to a backup that a store makes of another one's bytes", async (t) => {
    const bed = await startNetworkBed(t, s3);
    const scenario = await bed.scenarios.incrementalBackup();
    await scenario.run();
    t.same(await scenario.judge(true), []);
    const requests = await requestsOf(bed.proxy, () => scenario.run());
    t.same(await scenario.judge(true), []);
    t.ok(requests.includes("UploadPartCopy"), "the store copies");
    // The rest is as in any other backup.
    const isOwn = (point: string, fault: string): boolean =>
      point === "UploadPartCopy" || (point === "GetObject" && /altered|cut off|AccessDenied/.test(fault));
    const faults = networkCombinations(scenario.name, requests).filter(({ point, fault }) =>
      isOwn(point, fault),
    );
    await runMatrix(t, {
      title: "the network of an incremental backup",
      combinations: faults,
      run: (one) => runNetworkRow(bed, scenario, one),
      cleanRun: () => bed.scenarios.cleanRun(),
      minimum: 12,
    });
    await runMatrix(t, {
      title: "deaths in an incremental upload",
      combinations: networkCombinations(scenario.name, requests, [death]),
      run: (one) => runDeathRow(bed, scenario, one),
      cleanRun: () => bed.scenarios.cleanRun(),
      minimum: 6,
    });
  });
}
