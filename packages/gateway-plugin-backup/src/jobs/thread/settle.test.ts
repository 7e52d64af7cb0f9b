import { existsSync } from "node:fs";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { openStore } from "../../stores/open.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import { CallLog, FailingStore } from "../../test-support/failing-store.js";
import { RemovalBench } from "../../test-support/removal-bench.js";
import type { OperationContext } from "./operation-context.js";
import { settle } from "./settle.js";

/** A store that keeps marks, as S3 does; every object here has the same. */
class MarkingStore extends FailingStore {
  override async head(key: string): Promise<ObjectInfo | undefined> {
    const object = await super.head(key);
    return object && { ...object, mark: "m1" };
  }
}

/** Before the object can be removed, another one takes its place. */
class RacedStore extends MarkingStore {
  override removeIfSame(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

/** Settles an archive that stands in its place with the mark `m1`. */
async function settled(t: Test, mark: string | undefined, indexSha256?: string, StoreType = MarkingStore) {
  const bench = await RemovalBench.make(t);
  const archive = await bench.add("a1");
  const context: OperationContext = {
    signal: new AbortController().signal,
    openStore: (settings): Store => new StoreType(openStore(settings), new CallLog()),
    progress: () => undefined,
    leftover: () => Promise.resolve(),
    gone: () => undefined,
    completing: () => Promise.resolve(),
  };
  const request = { ...archive, store: bench.store, mark, limits: DEFAULT_LIMITS };
  const outcome = await settle({ ...request, indexSha256: indexSha256 ?? archive.indexSha256 }, context);
  return { outcome, isThere: existsSync(bench.file("a1")) };
}

t.test(
  "an object with the upload's mark is the archive if its index is the one that was written",
  async (t) => {
    t.match(await settled(t, "m1"), { outcome: { found: "archive" }, isThere: true });
    const altered = await settled(t, "m1", "0".repeat(64));
    t.match(altered, { outcome: { found: "damaged" }, isThere: false });
  },
);

t.test("an object with another mark is another upload's, whatever is in it", async (t) => {
  t.match(await settled(t, "m2"), { outcome: { found: "nothing" }, isThere: true });
});

t.test("a damaged archive that another object replaces just now is not there any more", async (t) => {
  const raced = await settled(t, "m1", "0".repeat(64), RacedStore);
  t.match(raced, { outcome: { found: "nothing" }, isThere: true });
});
