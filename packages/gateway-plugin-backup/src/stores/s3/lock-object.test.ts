import t, { type Test } from "tap";
import { s3ForTests, type S3ForTests } from "../../test-support/s3-for-tests.js";
import { storeArchive, testBytes } from "../conformance.js";
import { openStore } from "../open.js";
import type { Store } from "../store.js";

const until = Date.now() + 3_600_000;

function storeOf(t: Test, s3: S3ForTests, bucket: string): Store {
  const store = openStore(s3.settings(bucket));
  t.teardown(() => store.close());
  return store;
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test("an object is locked, says so, and cannot be removed", async (t) => {
    const store = storeOf(t, s3, await s3.newLockableBucket());
    await storeArchive(store, "a", testBytes(10));
    const object = await store.head("a");
    if (object === undefined) return t.fail("the object is gone");
    t.equal(object.lock, undefined);
    const lock = { mode: "governance", until, legalHold: false } as const;
    t.same(await store.lock(object, { mode: "governance", until }), lock);
    const locked = await store.head("a");
    t.same(locked?.lock, lock);
    t.match(locked?.version, /./);
    await t.rejects(store.removeIfSame(object), { code: "STORE_DENIED" });
    t.match(await store.head("a"), { etag: object.etag });
  });

  await t.test("a legal hold locks an object without an end", async (t) => {
    const bucket = await s3.newLockableBucket();
    const store = storeOf(t, s3, bucket);
    await storeArchive(store, "a", testBytes(10));
    await s3.legalHold(bucket, "a", true);
    t.same((await store.head("a"))?.lock, { legalHold: true });
    await s3.legalHold(bucket, "a", false);
    t.equal((await store.head("a"))?.lock, undefined);
  });

  await t.test("a compliance lock is one that nobody takes off", async (t) => {
    const store = storeOf(t, s3, await s3.newLockableBucket());
    await storeArchive(store, "a", testBytes(10));
    const object = await store.head("a");
    if (object === undefined) return t.fail("the object is gone");
    // So short that it is over when the bucket is removed.
    const soon = Date.now() + 2000;
    t.match(await store.lock(object, { mode: "compliance", until: soon }), { mode: "compliance" });
    t.match((await store.head("a"))?.lock, { mode: "compliance", until: soon });
    while (Date.now() <= soon) await store.head("a");
    t.equal(await store.removeIfSame(object), true);
  });

  await t.test("a bucket without object lock refuses", async (t) => {
    const store = storeOf(t, s3, await s3.newBucket());
    await storeArchive(store, "a", testBytes(10));
    const object = await store.head("a");
    if (object === undefined) return t.fail("the object is gone");
    await t.rejects(store.lock(object, { mode: "governance", until }), {
      code: "STORE_FAILED",
      message: /lock/,
    });
  });
}
