import { join } from "node:path";
import { writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { writeToMemory } from "../../archive/testing/write-to-memory.js";
import { LocalStore } from "../../stores/local/local-store.js";
import type { ObjectInfo, Store, TailRead } from "../../stores/store.js";
import { CallLog, FailingStore } from "../../test-support/failing-store.js";
import { hasIndex, indexHash } from "./stored-index.js";

const reading = { limits: DEFAULT_LIMITS, signal: new AbortController().signal };

/** A store whose tails are so short that an index has to be read by its range. */
class ShortTails extends FailingStore {
  override async readTail(key: string, length: number, signal?: AbortSignal): Promise<TailRead> {
    const { bytes, ...tail } = await super.readTail(key, length, signal);
    return { ...tail, bytes: bytes.subarray(-200) };
  }
}

/** A stored archive, and its store as it is and as one that fails at the `nth` read. */
async function bench(t: Test) {
  const root = t.testdir({ acme: { "a.jsonl": "{}\n" }, backups: {} });
  const { bytes, summary } = await writeToMemory(join(root, "acme"));
  const key = join(root, "backups/a.tar.zst");
  writeFileSync(key, bytes);
  const local = new LocalStore({ kind: "local", roots: [join(root, "backups")] });
  const object = await local.head(key);
  if (object === undefined) throw new Error("The archive is not there.");
  const short = (nth: number): Store => new ShortTails(local, new CallLog({ call: "read", nth }));
  return { local, object, short, sha256: summary.indexSha256, key };
}

t.test(
  "an index is read from behind the tail, too; a store that fails there has not altered it",
  async (t) => {
    const { object, short, sha256 } = await bench(t);
    t.equal(await indexHash(short(9), object, reading), sha256);
    await t.rejects(indexHash(short(1), object, reading), { code: "STORE_FAILED" });
    await t.rejects(hasIndex(short(1), object, sha256, reading), { code: "STORE_FAILED" });
  },
);

t.test("what is no archive has no index", async (t) => {
  const { local, object, key, sha256 } = await bench(t);
  writeFileSync(key, "mine");
  const mine: ObjectInfo = (await local.head(key)) ?? object;
  t.equal(await indexHash(local, mine, reading), undefined);
  t.notOk(await hasIndex(local, mine, sha256, reading));
});
