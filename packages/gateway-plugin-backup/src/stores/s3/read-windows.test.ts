/** Reading several windows of an object at once. */
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { startFaultProxy, type FaultProxy } from "../../test-support/fault-proxy.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import { readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import type { ReadOptions, Store } from "../store.js";
import { S3Store } from "./s3-store.js";

const MiB = 1024 * 1024;
const SIZE = 60 * MiB + 5;

interface Bench {
  readonly it: Store;
  readonly proxy: FaultProxy;
  readonly direct: Store;
  readonly whole: Required<Pick<ReadOptions, "range" | "etag">>;
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  /** A store whose clock moves so far each time it is looked at: every read seems slow, or fast. */
  const setUp = async (t: Test, msPerLook: number): Promise<Bench> => {
    const proxy = await startFaultProxy(t, s3.endpoint);
    const settings = s3.settings(await s3.newBucket());
    let now = 0;
    const timing = { now: () => (now += msPerLook), sleep: () => Promise.resolve(), random: () => 0 };
    const it = new S3Store({ ...settings, endpoint: proxy.endpoint }, { timing });
    const direct = new S3Store(settings);
    t.teardown(() => {
      it.close();
      direct.close();
    });
    const { etag } = await storeArchive(direct, "key", testBytes(SIZE));
    return { it, proxy, direct, whole: { etag, range: { start: 0, end: SIZE } } };
  };

  await t.test("over a slow line several windows are on their way, and come in order", async (t) => {
    const { it, proxy, whole } = await setUp(t, 1000);
    proxy.inject({ when: "GetObject", fault: { kind: "stall-answer", after: 0 }, skip: 1, times: 3 });
    const cancel = new AbortController();
    const stalled = readAll(it, "key", { ...whole, signal: cancel.signal });
    await proxy.until(() => proxy.count("GetObject") === 4);
    cancel.abort(new BackupError("JOB_CANCELLED", "Cancelled"));
    await rejectsWith(t, stalled, "JOB_CANCELLED");
    t.equal(proxy.count("GetObject"), 4, "three behind the first, and no more");
    t.ok((await readAll(it, "key", whole)).equals(testBytes(SIZE)));
    t.ok(proxy.count("GetObject") >= 4 + 8);
    const part = { ...whole, range: { start: 7, end: 30 * MiB } };
    t.ok((await readAll(it, "key", part)).equals(testBytes(SIZE).subarray(7, 30 * MiB)));
  });

  await t.test("over a fast one a second request reads the rest", async (t) => {
    const { it, proxy, whole } = await setUp(t, 0);
    t.ok((await readAll(it, "key", whole)).equals(testBytes(SIZE)));
    t.equal(proxy.count("GetObject"), 2);
  });

  await t.test("each window is resumed where it broke", async (t) => {
    const { it, proxy, whole } = await setUp(t, 1000);
    for (const skip of [0, 2, 5]) {
      const fault = { kind: "cut-answer", after: 3 * MiB } as const;
      proxy.inject({ when: "GetObject", fault, skip });
    }
    t.ok((await readAll(it, "key", whole)).equals(testBytes(SIZE)));
    t.ok(proxy.count("GetObject") >= 8 + 3);
  });

  await t.test("an object that is replaced meanwhile is not mixed with the old one", async (t) => {
    const { it, direct, whole } = await setUp(t, 1000);
    const reading = async (): Promise<void> => {
      let read = 0;
      for await (const chunk of it.read("key", whole)) {
        read += chunk.length;
        if (read === 8 * MiB) await storeArchive(direct, "key", testBytes(SIZE + 1), { overwrite: true });
      }
    };
    await rejectsWith(t, reading(), "STORE_FAILED");
  });

  await t.test("a reader that stops leaves nothing on its way", async (t) => {
    const { it, proxy, whole } = await setUp(t, 1000);
    proxy.inject({ when: "GetObject", fault: { kind: "stall-answer", after: 0 }, skip: 2, times: 2 });
    let read = 0;
    for await (const chunk of it.read("key", whole)) {
      read += chunk.length;
      if (read > 8 * MiB) break;
    }
    t.ok(read < 17 * MiB);
    t.ok((await readAll(it, "key", whole)).equals(testBytes(SIZE)));
  });
}
