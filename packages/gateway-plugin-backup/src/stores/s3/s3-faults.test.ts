import { createServer, type AddressInfo } from "node:net";
import t, { type Test } from "tap";
import type { FaultProxy } from "../../test-support/fault-proxy.js";
import { s3FaultBench, type S3FaultBench } from "../../test-support/s3-fault-bench.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import { keysOf, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import { S3Store } from "./s3-store.js";

const MiB = 1024 * 1024;
const SMALL = 100_000;
const LARGE = 17 * MiB;

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const faulty = (what: string, check: (t: Test, bench: S3FaultBench) => Promise<void>): void => {
    t.test(what, async (t) => check(t, await s3FaultBench(t, s3)));
  };

  faulty(
    "an upload survives resets, server errors and silence in every request",
    async (t, { it, proxy, bucket, direct }) => {
      for (const when of [
        "HeadObject",
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
      ] as const) {
        proxy.inject({ when, fault: { kind: "reset" } });
        proxy.inject({ when, fault: { kind: "refuse", status: 500, name: "InternalError" } });
        proxy.inject({ when, fault: { kind: "refuse", status: 502 } });
        proxy.inject({ when, fault: { kind: "stall" } });
      }
      const bytes = testBytes(LARGE);
      const stored = await storeArchive(it, "key", bytes);
      t.ok(stored.retries >= 12, "those of the first look are not the upload's");
      t.ok((await readAll(direct, "key")).equals(bytes));
      t.equal((await s3.unfinishedUploads(bucket)).length, 0);
    },
  );

  faulty(
    "an upload whose answers are all lost once is still ours, and made once",
    async (t, { it, proxy, direct }) => {
      for (const size of [SMALL, LARGE]) {
        for (const when of ["PutObject", "UploadPart", "CompleteMultipartUpload"] as const) {
          proxy.inject({ when, fault: { kind: "lose-answer" } });
        }
        const stored = await storeArchive(it, `key-${size}`, testBytes(size));
        t.equal(stored.size, size);
        t.ok((await readAll(direct, `key-${size}`)).equals(testBytes(size)));
      }
      t.equal(proxy.count("PutObject"), 1, "the object was seen to be there, and not sent again");
      t.equal(proxy.count("CompleteMultipartUpload"), 1);
    },
  );

  faulty("a lost answer does not make another writer's archive ours", async (t, { it, proxy, direct }) => {
    for (const size of [SMALL, LARGE]) {
      const key = `key-${size}`;
      const upload = await it.create(key, { overwrite: false, onLeftover: () => Promise.resolve() });
      await upload.write(testBytes(size));
      const making = size === SMALL ? "PutObject" : "CompleteMultipartUpload";
      proxy.inject({ when: making, fault: { kind: "reset" } });
      proxy.inject({
        // The other writer comes in between: after the last look before completing, before the repetition.
        when: ({ operation }) => operation === "HeadObject" && proxy.seen.at(-2)?.operation === making,
        fault: { kind: "stall" },
      });
      const completing = upload.complete();
      await untilSeen(proxy, making);
      await storeArchive(direct, key, testBytes(10));
      await rejectsWith(t, completing, "ARCHIVE_EXISTS");
      await upload.abort();
      t.ok((await readAll(direct, key)).equals(testBytes(10)), "it is untouched");
    }
  });

  faulty("a broken download goes on where it broke", async (t, { it, proxy, direct }) => {
    const bytes = testBytes(LARGE);
    await storeArchive(direct, "key", bytes);
    proxy.inject({ when: "GetObject", fault: { kind: "cut-answer", after: 3_000_001 } });
    proxy.inject({ when: "GetObject", fault: { kind: "stall-answer", after: 2_000_003 } });
    proxy.inject({ when: "GetObject", fault: { kind: "reset" } });
    proxy.inject({ when: "GetObject", fault: { kind: "refuse", status: 503, name: "SlowDown" } });
    proxy.inject({ when: "GetObject", fault: { kind: "cut-answer", after: 1 } });
    t.ok((await readAll(it, "key")).equals(bytes));
    const ranges = proxy.seen
      .filter(({ operation }) => operation === "GetObject")
      .map(({ headers }) => headers.range);
    t.strictSame(ranges, [
      undefined,
      `bytes=3000001-${LARGE - 1}`,
      ...Array<string>(3).fill(`bytes=5000004-${LARGE - 1}`),
      `bytes=5000005-${LARGE - 1}`,
    ]);
  });

  faulty("a download that never gets anywhere ends", async (t, { it, proxy, direct }) => {
    await storeArchive(direct, "key", testBytes(SMALL));
    proxy.inject({ when: "GetObject", fault: { kind: "cut-answer", after: 0 }, times: 100 });
    await rejectsWith(t, readAll(it, "key"), "STORE_UNREACHABLE");
    t.equal(proxy.count("GetObject"), 5);
  });

  faulty(
    "an archive that is replaced while it is read is never a mixture",
    async (t, { it, proxy, direct }) => {
      await storeArchive(direct, "key", testBytes(LARGE));
      proxy.inject({ when: "GetObject", fault: { kind: "cut-answer", after: 1_000_000 } });
      const reading = async (): Promise<void> => {
        let replaced = false;
        for await (const chunk of it.read("key")) {
          if (!replaced && chunk.length > 0)
            await storeArchive(direct, "key", testBytes(LARGE + 1), { overwrite: true });
          replaced = true;
        }
      };
      await rejectsWith(t, reading(), "STORE_FAILED");
    },
  );

  faulty("lengths and ranges that lie are found out", async (t, { it, proxy, direct }) => {
    await storeArchive(direct, "key", testBytes(SMALL));
    const range = { start: 10, end: 20 };
    proxy.inject({ when: "GetObject", fault: { kind: "rewrite", headers: { "content-range": undefined } } });
    await rejectsWith(t, readAll(it, "key", { range }), "STORE_FAILED");
    proxy.inject({
      when: "GetObject",
      fault: { kind: "rewrite", headers: { "content-range": "bytes 11-20/100000" } },
    });
    await rejectsWith(t, readAll(it, "key", { range }), "STORE_FAILED");
    proxy.inject({ when: "GetObject", fault: { kind: "rewrite", headers: { etag: '"another"' } } });
    const { etag } = (await direct.head("key")) ?? {};
    await rejectsWith(
      t,
      readAll(it, "key", { range, ...(etag === undefined ? {} : { etag }) }),
      "STORE_FAILED",
    );
  });

  faulty(
    "the tail is read where suffix ranges are not known, and through faults",
    async (t, { it, proxy, direct }) => {
      const bytes = testBytes(SMALL);
      await storeArchive(direct, "key", bytes);
      const isSuffix = ({ headers }: { headers: { range?: string | undefined } }): boolean =>
        headers.range === "bytes=-100";
      proxy.inject({ when: isSuffix, fault: { kind: "refuse", status: 501, name: "NotImplemented" } });
      t.ok(Buffer.from((await it.readTail("key", 100)).bytes).equals(bytes.subarray(-100)));
      proxy.inject({ when: isSuffix, fault: { kind: "rewrite", headers: { "content-range": undefined } } });
      t.ok(Buffer.from((await it.readTail("key", 100)).bytes).equals(bytes.subarray(-100)));
      proxy.inject({ when: isSuffix, fault: { kind: "cut-answer", after: 50 } });
      t.ok(Buffer.from((await it.readTail("key", 100)).bytes).equals(bytes.subarray(-100)));
    },
  );

  faulty("a store that asks to slow down is left alone by all senders", async (t, { it, proxy, slept }) => {
    proxy.inject({
      when: "UploadPart",
      fault: { kind: "refuse", status: 503, name: "SlowDown", retryAfter: 7 },
    });
    await storeArchive(it, "key", testBytes(LARGE));
    t.ok(Math.max(...slept) >= 7000, "as long as the store asked for");
  });

  faulty("what is denied is not tried again", async (t, { it, proxy }) => {
    proxy.inject({ when: "PutObject", fault: { kind: "refuse", status: 403, name: "AccessDenied" } });
    await rejectsWith(t, storeArchive(it, "key", testBytes(10)), "STORE_DENIED");
    proxy.inject({ when: "PutObject", fault: { kind: "refuse", status: 403, name: "RequestTimeTooSkewed" } });
    await rejectsWith(t, storeArchive(it, "key", testBytes(10)), "STORE_CLOCK_SKEW");
    t.equal(proxy.count("PutObject"), 2);
  });

  faulty("credentials that may write but not list can store an archive", async (t, { it, proxy }) => {
    proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 403 } });
    proxy.inject({ when: "GetObject", fault: { kind: "refuse", status: 403, name: "AccessDenied" } });
    t.equal((await storeArchive(it, "key", testBytes(10))).size, 10);
  });

  faulty("a wrong clock is told from a wrong secret, though HEAD names neither", async (t, { it, proxy }) => {
    proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 403 } });
    proxy.inject({ when: "GetObject", fault: { kind: "refuse", status: 403, name: "RequestTimeTooSkewed" } });
    await rejectsWith(t, it.head("key"), "STORE_CLOCK_SKEW");
  });

  faulty("an outage during an upload is waited for half a minute, then named", async (t, setup) => {
    const { it, proxy, bucket, slept } = setup;
    const upload = await it.create("key", { overwrite: false, onLeftover: () => Promise.resolve() });
    proxy.inject({ when: "UploadPart", fault: { kind: "reset" }, times: 1000 });
    const writing = async (): Promise<void> => {
      await upload.write(testBytes(LARGE));
      await upload.complete();
    };
    const error = await rejectsWith(t, writing(), "STORE_UNREACHABLE");
    t.match(error.message, /part \d of s3:\/\/.*\/key at http:\/\/127\.0\.0\.1:\d+: [^:]+ \(9 attempts\)$/);
    const waited = slept.reduce((sum, milliseconds) => sum + milliseconds, 0);
    t.ok(waited > 20_000 && waited < 120_000, `${waited} ms`);
    await upload.abort();
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  faulty("an endpoint that never answered is given up sooner", async (t, { it, proxy, slept }) => {
    proxy.inject({ when: () => true, fault: { kind: "reset" }, times: 1000 });
    await rejectsWith(
      t,
      it.create("key", { overwrite: false, onLeftover: () => Promise.resolve() }),
      "STORE_UNREACHABLE",
    );
    t.equal(proxy.seen.length, 4);
    t.ok(slept.reduce((sum, milliseconds) => sum + milliseconds, 0) < 2000);
  });

  faulty(
    "an upload that fails for good after it took effect is removed by the abort",
    async (t, { it, proxy, direct }) => {
      for (const size of [SMALL, LARGE]) {
        const upload = await it.create("key", { overwrite: true, onLeftover: () => Promise.resolve() });
        await upload.write(testBytes(size));
        proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 403 } });
        proxy.inject({ when: "GetObject", fault: { kind: "refuse", status: 403, name: "AccessDenied" } });
        await rejectsWith(t, upload.complete(), "STORE_DENIED");
        await upload.abort();
        t.equal(await direct.head("key"), undefined);
      }
    },
  );

  faulty(
    "an object of another size than was sent is not taken for stored",
    async (t, { it, proxy, direct }) => {
      const upload = await it.create("key", { overwrite: true, onLeftover: () => Promise.resolve() });
      await upload.write(testBytes(SMALL));
      proxy.inject({
        when: "HeadObject",
        fault: { kind: "rewrite", headers: { "content-length": "99999" } },
      });
      await rejectsWith(t, upload.complete(), "STORE_FAILED");
      t.equal(await direct.head("key"), undefined);
      await upload.abort();
    },
  );

  faulty(
    "bodies that are altered or cut on their way are refused by the store, and sent again",
    async (t, bench) => {
      const { it, proxy, bucket, direct } = bench;
      for (const size of [SMALL, LARGE]) {
        for (const when of ["PutObject", "UploadPart"] as const) {
          proxy.inject({ when, fault: { kind: "corrupt-request", at: 50_000 } });
          proxy.inject({ when, fault: { kind: "cut-request", after: 60_000 } });
          proxy.inject({ when, fault: { kind: "stall-request", after: 70_000 } });
        }
        const stored = await storeArchive(it, `key-${size}`, testBytes(size));
        t.equal(stored.retries, 3);
        proxy.heal();
        t.ok((await readAll(direct, `key-${size}`)).equals(testBytes(size)));
      }
      t.strictSame(await s3.unfinishedUploads(bucket), []);
    },
  );

  faulty(
    "a good status with an error behind it is a failure that is repeated",
    async (t, { it, proxy, direct }) => {
      const error = { kind: "refuse", status: 200, name: "InternalError" } as const;
      proxy.inject({ when: "CompleteMultipartUpload", fault: error });
      t.equal((await storeArchive(it, "one", testBytes(LARGE))).retries, 1);
      t.equal(proxy.count("CompleteMultipartUpload"), 2);
      proxy.inject({ when: "CompleteMultipartUpload", fault: { ...error, carriedOut: true } });
      await storeArchive(it, "two", testBytes(LARGE));
      t.equal(proxy.count("CompleteMultipartUpload"), 3, "what was seen to be there is not made again");
      proxy.inject({ when: "CompleteMultipartUpload", fault: { kind: "refuse", status: 200 } });
      await storeArchive(it, "three", testBytes(LARGE));
      for (const key of ["one", "two", "three"]) t.ok((await readAll(direct, key)).equals(testBytes(LARGE)));
    },
  );

  faulty("a length that lies never makes an object longer or shorter", async (t, { it, proxy, direct }) => {
    await storeArchive(direct, "key", testBytes(SMALL));
    const range = { start: 0, end: SMALL };
    for (const by of [-10, 10]) {
      proxy.inject({ when: "GetObject", fault: { kind: "lie-length", by } });
      t.ok((await readAll(it, "key", { range })).equals(testBytes(SMALL)), "a range");
      proxy.inject({ when: "GetObject", fault: { kind: "lie-length", by } });
      t.ok(Buffer.from((await it.readTail("key", 1000)).bytes).equals(testBytes(SMALL).subarray(-1000)));
    }
  });

  faulty("a slow line is not a dead one", async (t, { it, proxy, direct }) => {
    await storeArchive(direct, "key", testBytes(SMALL));
    proxy.inject({ when: "GetObject", fault: { kind: "slow", bytesPerSecond: SMALL } });
    t.ok((await readAll(it, "key")).equals(testBytes(SMALL)));
    t.equal(proxy.count("GetObject"), 1);
  });

  faulty("credentials that have expired are called so", async (t, { it, proxy }) => {
    proxy.inject({ when: "PutObject", fault: { kind: "refuse", status: 400, name: "ExpiredToken" } });
    const error = await rejectsWith(t, storeArchive(it, "key", testBytes(10)), "STORE_DENIED");
    t.match(error.hint, /expired: renew them/);
    t.equal(proxy.count("PutObject"), 1);
    // HEAD has no body that could name it.
    proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 400 } });
    proxy.inject({ when: "GetObject", fault: { kind: "refuse", status: 400, name: "ExpiredToken" } });
    t.match((await rejectsWith(t, it.head("key"), "STORE_DENIED")).hint, /expired/);
  });

  faulty("a bucket in another region is called so", async (t, { it, proxy }) => {
    const headers = { "x-amz-bucket-region": "eu-central-1" };
    const redirect = { kind: "refuse", status: 301, name: "PermanentRedirect", headers } as const;
    proxy.inject({ when: () => true, fault: redirect, times: 100 });
    t.match((await rejectsWith(t, it.head("key"), "BUCKET_NOT_FOUND")).hint, /another region/);
  });

  for (const [which, hours] of Object.entries({ behind: -1, "ahead of": 1 })) {
    faulty(`a clock ${which} the store's by an hour is never corrected in silence`, async (t, { it }) => {
      const wrong = class extends Date {
        constructor(...given: readonly [] | readonly [number | string | Date]) {
          super(given[0] ?? Date.now() + hours * 3_600_000);
        }
      };
      t.intercept(globalThis, "Date", { value: wrong });
      await rejectsWith(t, it.head("key"), "STORE_CLOCK_SKEW");
      const error = await rejectsWith(t, storeArchive(it, "key", testBytes(10)), "STORE_CLOCK_SKEW");
      t.match(error.hint, /clock/);
    });
  }

  await t.test("an address where no such store is says what is wrong with it", async (t) => {
    const settings = s3.settings("bucket");
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const wrong = {
      "http://no-such-host.invalid": /host name/,
      [`http://127.0.0.1:${port}`]: /refused/,
      [s3.endpoint.replace("http://", "https://")]: /does not speak TLS/,
    };
    const timing = { now: () => 0, sleep: () => Promise.resolve(), random: () => 0 };
    for (const [endpoint, words] of Object.entries(wrong)) {
      const store = new S3Store({ ...settings, endpoint }, { timing });
      t.match((await rejectsWith(t, store.head("key"), "STORE_UNREACHABLE")).message, words);
      store.close();
    }
  });

  await t.test("a store that was seen to heed the condition on completing is trusted with it", async (t) => {
    const { it, proxy, bucket, direct } = await s3FaultBench(t, s3, {});
    const refusal = { kind: "refuse", status: 412, name: "PreconditionFailed" } as const;
    proxy.inject({ when: "CompleteMultipartUpload", fault: refusal });
    t.equal((await storeArchive(it, "large", testBytes(LARGE))).overwriteGuard, "atomic");
    t.strictSame(it.abilities(), { complete: true });
    t.strictSame(await keysOf(direct.list("")), ["large"], "the probe left nothing");

    const upload = await it.create("taken", { overwrite: false, onLeftover: () => Promise.resolve() });
    await upload.write(testBytes(LARGE));
    proxy.inject({ when: "CompleteMultipartUpload", fault: refusal });
    await rejectsWith(t, upload.complete(), "ARCHIVE_EXISTS");
    await upload.abort();
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  await t.test("a store that refuses the condition is written to without it", async (t) => {
    const { it, proxy } = await s3FaultBench(t, s3, {});
    proxy.inject({
      when: ({ headers }) => headers["if-none-match"] !== undefined,
      fault: { kind: "refuse", status: 501, name: "NotImplemented" },
      times: 1000,
    });
    t.equal((await storeArchive(it, "small", testBytes(SMALL))).overwriteGuard, "checked");
    t.equal((await storeArchive(it, "large", testBytes(LARGE))).overwriteGuard, "checked");
    await rejectsWith(t, storeArchive(it, "small", testBytes(SMALL)), "ARCHIVE_EXISTS");
    t.strictSame(it.abilities(), { put: false, complete: false });
  });
}

/** Until the proxy has seen a request of this kind and the one that follows it. */
async function untilSeen(proxy: FaultProxy, operation: string): Promise<void> {
  while (proxy.seen.at(-2)?.operation !== operation) await new Promise((resolve) => setImmediate(resolve));
}
