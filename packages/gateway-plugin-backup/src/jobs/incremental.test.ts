import { writeFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { BackupError } from "../errors.js";
import { incrementalBench } from "../test-support/incremental-bench.js";
import { testLostBase, testRebuiltCatalogue, testSecondBackup } from "../test-support/incremental-stores.js";
import { withThreads } from "../test-support/services-bench.js";
import { factsFile } from "./facts-files.js";

t.test("local: the second backup sends hardly anything, and stands by itself", (t) =>
  testSecondBackup(t, {}),
);

t.test("local: a base that is gone means a full upload", (t) => testLostBase(t, {}));

t.test("local: a catalogue that was made again serves bases and prunes", (t) => testRebuiltCatalogue(t, {}));

t.test("a store that turns out not to copy gets one full upload, and is not asked again", async (t) => {
  const { backUp, services } = await incrementalBench(t);
  const first = await backUp();
  const attempts: boolean[] = [];
  const failing = withThreads(services, (operation, request, proceed) => {
    if (operation !== "backup") return proceed();
    attempts.push("base" in request);
    if (!("base" in request)) return proceed();
    const details = { reason: "the store cannot copy" };
    throw new BackupError("BASE_UNUSABLE", "Nothing can be copied.", { details });
  });
  const full = await backUp({}, failing);
  t.match(full.result, { mode: "full", fullReason: "the store cannot copy" });
  t.strictSame(attempts, [true, false]);
  const facts = dirname(factsFile(services.host, String(first.result?.["archiveId"])));
  t.strictSame(
    readdirSync(facts),
    [full.result?.["archiveId"]],
    "what is known of the first is of no use any more",
  );
});

t.test("a backup that cannot keep what it knows of the files succeeds all the same", async (t) => {
  const { backUp, services } = await incrementalBench(t);
  writeFileSync(join(services.host.paths.backup, "facts"), "in the way");
  await backUp();
  t.match((await backUp()).result, { mode: "incremental" });
});
