import t, { type Test } from "tap";
import { startFaultProxy, type FaultProxy } from "../../test-support/fault-proxy.js";
import { s3ForTests, type S3ForTests } from "../../test-support/s3-for-tests.js";
import { storeArchive, testBytes } from "../conformance.js";
import { openStore } from "../open.js";
import type { ObjectInfo, Store } from "../store.js";

interface Setup {
  readonly proxy: FaultProxy;
  readonly store: Store;
  readonly seen: ObjectInfo;
}

async function setUp(t: Test, s3: S3ForTests): Promise<Setup> {
  const proxy = await startFaultProxy(t, s3.endpoint);
  const store = openStore({ ...s3.settings(await s3.newBucket()), endpoint: proxy.endpoint });
  t.teardown(() => store.close());
  await storeArchive(store, "a", testBytes(10));
  return { proxy, store, seen: await lookAt(store) };
}

async function lookAt(store: Store): Promise<ObjectInfo> {
  const seen = await store.head("a");
  if (seen === undefined) throw new Error("The archive is gone.");
  return seen;
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test("the store is asked to remove the object only if it has its ETag still", async (t) => {
    const { proxy, store, seen } = await setUp(t, s3);
    proxy.inject({
      when: "DeleteObject",
      fault: { kind: "refuse", status: 412, name: "PreconditionFailed" },
    });
    t.equal(await store.removeIfSame(seen), false);
    t.match(proxy.seen.at(-1), { operation: "DeleteObject", headers: { "if-match": `"${seen.etag}"` } });
    t.match(await store.head("a"), { etag: seen.etag });
    t.equal(await store.removeIfSame(seen), true);
    t.equal(await store.head("a"), undefined);
  });

  await t.test("a store that knows no such condition is asked without it", async (t) => {
    const { proxy, store, seen } = await setUp(t, s3);
    proxy.inject({ when: "DeleteObject", fault: { kind: "refuse", status: 501, name: "NotImplemented" } });
    t.equal(await store.removeIfSame(seen), true);
    t.equal(proxy.seen.at(-1)?.headers["if-match"], undefined);
    t.equal(await store.head("a"), undefined);
  });

  await t.test("what the store refuses for another reason is told", async (t) => {
    const { proxy, store, seen } = await setUp(t, s3);
    proxy.inject({ when: "DeleteObject", fault: { kind: "refuse", status: 403, name: "AccessDenied" } });
    await t.rejects(store.removeIfSame(seen), { code: "STORE_DENIED" });
    proxy.inject({ when: "DeleteObject", fault: { kind: "refuse", status: 404, name: "NoSuchKey" } });
    t.equal(await store.removeIfSame(seen), true, "gone just now is gone");
  });

  await t.test("a removal whose answer was lost is asked for again", async (t) => {
    const { proxy, store, seen } = await setUp(t, s3);
    proxy.inject({ when: "DeleteObject", fault: { kind: "lose-answer" } });
    t.equal(await store.removeIfSame(seen), true);
    t.equal(await store.head("a"), undefined);
  });

  await t.test(
    "where the bucket keeps versions, exactly the one that was seen is removed for good",
    async (t) => {
      const bucket = await s3.newBucket();
      await s3.keepVersions(bucket);
      const store = openStore(s3.settings(bucket));
      t.teardown(() => store.close());
      await storeArchive(store, "a", testBytes(10));
      const first = await lookAt(store);
      t.ok(first.version);
      await storeArchive(store, "a", testBytes(11), { overwrite: true });
      const second = await lookAt(store);
      t.not(second.version, first.version);

      t.equal(await store.removeIfSame(first), true);
      t.match(await store.head("a"), { size: 11, version: second.version }, "what was put over it stays");
      t.equal(await store.removeIfSame(second), true);
      t.equal(await store.head("a"), undefined, "nothing is left, not even the older version");
    },
  );
}
