/** Copying ranges of a base within a bucket, with a real store and the faults of a real network. */
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import type { ProxyFault } from "../../test-support/fault-proxy.js";
import { s3FaultBench, type S3FaultBench } from "../../test-support/s3-fault-bench.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import { LeftoverNotes, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import type { ByteRange, CopyBase, CreateOptions, Store, Upload } from "../store.js";
import { S3Store } from "./s3-store.js";

const MiB = 1024 * 1024;
const SIZE = 22 * MiB;
const bytes = testBytes(SIZE);

async function storedBase(store: Store, key = "tenants/acme/base.tar.zst"): Promise<CopyBase> {
  const { size, etag } = await storeArchive(store, key, bytes);
  return { key, size, etag, fetch: (range) => store.read(key, { range, etag }) };
}

async function begin(store: Store, base: CopyBase, options: Partial<CreateOptions> = {}): Promise<Upload> {
  return store.create("new", { overwrite: false, onLeftover: () => Promise.resolve(), base, ...options });
}

const reasonOf = async (t: Test, promise: Promise<unknown>): Promise<unknown> =>
  (await rejectsWith(t, promise, "BASE_UNUSABLE")).details?.["reason"];

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const behaviour = (what: string, check: (t: Test, bench: S3FaultBench) => Promise<void>): void => {
    t.test(what, async (t) => check(t, await s3FaultBench(t, s3)));
  };

  /** Of them, {@link copyAround} copies so many. */
  const COPIED = 21 * MiB - 100;

  /** Copies two runs around bytes that are new. */
  const copyAround = async (upload: Upload): Promise<Buffer> => {
    const fresh = testBytes(6 * MiB);
    await upload.copy({ start: 100, end: 10 * MiB });
    await upload.write(fresh);
    await upload.copy({ start: 11 * MiB, end: SIZE });
    await upload.write(Buffer.from("end"));
    return Buffer.concat([
      bytes.subarray(100, 10 * MiB),
      fresh,
      bytes.subarray(11 * MiB),
      Buffer.from("end"),
    ]);
  };

  behaviour("the store copies runs; only what is new is sent", async (t, { it, proxy, direct }) => {
    const base = await storedBase(direct);
    const upload = await begin(it, base);
    const expected = await copyAround(upload);
    t.match(await upload.complete(), {
      size: expected.length,
      copiedBytes: COPIED,
      fetchedBytes: 0,
      sentBytes: 6 * MiB + 3,
    });
    t.ok((await readAll(direct, "new")).equals(expected));
    t.ok(proxy.count("UploadPartCopy") >= 2);
    t.ok(proxy.count("UploadPart") >= 2);
    t.match(proxy.seen.find(({ operation }) => operation === "UploadPartCopy")?.headers, {
      "x-amz-copy-source-range": `bytes=100-${10 * MiB - 1}`,
      "x-amz-copy-source-if-match": `"${base.etag}"`,
    });
  });

  behaviour("names of every kind can be copied from", async (t, { it, direct, bucket }) => {
    const key = "a b/c+d&e=f?g#h/ärger/日本/it's (here)!*~";
    const upload = await begin(it, await storedBase(direct, key));
    const expected = await copyAround(upload);
    await upload.complete();
    t.ok((await readAll(direct, "new")).equals(expected));
    const base = { key: "100%25/base", size: 1, etag: "e", fetch: () => direct.read(key) };
    await s3.put(bucket, base.key, Buffer.from("x"));
    const found = await direct.head(base.key);
    t.equal(
      await reasonOf(t, begin(it, { ...base, etag: found?.etag ?? "" }, { overwrite: true })),
      "the store may take its name for another",
    );
  });

  behaviour("an object of a few bytes is one request, wherever its bytes are from", async (t, bench) => {
    const { it, proxy, direct } = bench;
    const upload = await begin(it, await storedBase(direct));
    await upload.copy({ start: 5, end: 3 * MiB });
    await upload.write(Buffer.from("end"));
    t.match(await upload.complete(), { copiedBytes: 0, fetchedBytes: 3 * MiB - 5, sentBytes: 3 * MiB - 2 });
    t.equal(proxy.count("PutObject"), 1);
    t.equal(proxy.count("CreateMultipartUpload"), 0);
  });

  behaviour("many copies are on their way while new bytes are written", async (t, { it, proxy, direct }) => {
    const base = await storedBase(direct);
    const upload = await begin(it, base);
    const runs = 9;
    for (let run = 0; run < runs; run++) await upload.copy({ start: run, end: run + 6 * MiB });
    await upload.write(testBytes(9 * MiB));
    t.equal((await upload.complete()).copiedBytes, runs * 6 * MiB);
    t.ok(proxy.count("UploadPartCopy") >= runs);
    const expected = Array.from({ length: runs }, (_, run) => bytes.subarray(run, run + 6 * MiB));
    t.ok((await readAll(direct, "new")).equals(Buffer.concat([...expected, testBytes(9 * MiB)])));
  });

  const passing: Readonly<Record<string, ProxyFault>> = {
    "whose connection breaks": { kind: "reset" },
    "whose answer is lost": { kind: "lose-answer" },
    "that is answered 500": { kind: "refuse", status: 500, name: "InternalError" },
    "that is answered with SlowDown": { kind: "refuse", status: 503, name: "SlowDown" },
    "that fails inside an answer that began well": { kind: "refuse", status: 200, name: "InternalError" },
    "that is broken off": { kind: "refuse", status: 200, body: "" },
  };
  for (const [what, fault] of Object.entries(passing)) {
    behaviour(`a copy ${what} is repeated`, async (t, { it, proxy, direct }) => {
      const upload = await begin(it, await storedBase(direct));
      proxy.inject({ when: "UploadPartCopy", fault, skip: 1 });
      const expected = await copyAround(upload);
      t.ok((await upload.complete()).retries > 0);
      t.ok((await readAll(direct, "new")).equals(expected));
    });
  }

  const refused: readonly (readonly [what: string, fault: ProxyFault, reason: string, learnt: boolean])[] = [
    [
      "is not implemented",
      { kind: "refuse", status: 501, name: "NotImplemented" },
      "the store cannot copy",
      true,
    ],
    [
      "is not allowed",
      { kind: "refuse", status: 405, name: "MethodNotAllowed" },
      "the store cannot copy",
      true,
    ],
    ["is taken for an empty part", { kind: "refuse", status: 200, body: "" }, "the store cannot copy", true],
    [
      "gets an answer that says nothing",
      { kind: "refuse", status: 200, body: "<CopyPartResult></CopyPartResult>" },
      "the store cannot copy",
      true,
    ],
    ["is denied", { kind: "refuse", status: 403, name: "AccessDenied" }, "the store refused to copy", false],
    [
      "is denied inside an answer that began well",
      { kind: "refuse", status: 200, name: "AccessDenied" },
      "the store refused to copy",
      false,
    ],
    [
      "finds another base",
      { kind: "refuse", status: 412, name: "PreconditionFailed" },
      "the base is not what it was",
      false,
    ],
    ["finds no base", { kind: "refuse", status: 404, name: "NoSuchKey" }, "the base is gone", false],
    [
      "fails for ever",
      { kind: "refuse", status: 500, name: "InternalError" },
      "the store refused to copy",
      false,
    ],
  ];
  for (const [what, fault, reason, learnt] of refused) {
    behaviour(`a copy that ${what} ends the upload`, async (t, { it, proxy, direct, bucket }) => {
      const base = await storedBase(direct);
      const noted = new LeftoverNotes();
      const upload = await begin(it, base, noted.options);
      t.equal(it.abilities().copy, undefined);
      proxy.inject({ when: "UploadPartCopy", fault, times: 1000 });
      const attempt = async (): Promise<unknown> => {
        await copyAround(upload);
        return upload.complete();
      };
      t.equal(await reasonOf(t, attempt()), reason);
      t.match(noted.leftovers, [{ kind: "multipart", resumable: false }]);
      await upload.abort();
      t.strictSame(await s3.unfinishedUploads(bucket), []);
      t.equal(it.abilities().copy, learnt ? false : undefined);
      if (learnt)
        t.equal(await reasonOf(t, begin(it, base)), "the store cannot copy", "it is not tried again");
    });
  }

  behaviour("a store that does not answer cannot take the whole either", async (t, { it, proxy, direct }) => {
    const upload = await begin(it, await storedBase(direct));
    proxy.inject({ when: "UploadPartCopy", fault: { kind: "reset" }, times: 1000 });
    await upload.copy({ start: 0, end: SIZE });
    await rejectsWith(t, upload.complete(), "STORE_UNREACHABLE");
    await upload.abort();
  });

  behaviour("a base that is replaced between two copies is noticed", async (t, bench) => {
    const { it, proxy, direct, bucket } = bench;
    const base = await storedBase(direct);
    const upload = await begin(it, base);
    await upload.copy({ start: 0, end: 10 * MiB });
    await upload.write(testBytes(6 * MiB));
    await proxy.until(() => proxy.answered.some(({ operation }) => operation === "UploadPartCopy"));
    await storeArchive(direct, base.key, testBytes(SIZE + 1), { overwrite: true });
    await upload.copy({ start: 11 * MiB, end: SIZE });
    await upload.write(Buffer.from("end"));
    t.equal(await reasonOf(t, upload.complete()), "the base is not what it was");
    await upload.abort();
    t.equal(await direct.head("new"), undefined);
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  behaviour("a part that the store has lost ends the upload", async (t, { it, proxy, direct, bucket }) => {
    const upload = await begin(it, await storedBase(direct));
    // An answer as if all were well.
    const body = "<CopyPartResult><ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag></CopyPartResult>";
    proxy.inject({ when: "UploadPartCopy", fault: { kind: "refuse", status: 200, body } });
    await copyAround(upload);
    t.equal(await reasonOf(t, upload.complete()), "the store refused the parts");
    await upload.abort();
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  behaviour("a store that copies other bytes than it was asked for is found out", async (t, bench) => {
    const { it, proxy, direct } = bench;
    const upload = await begin(it, await storedBase(direct));
    await copyAround(upload);
    const readsBack = (): boolean => proxy.count("CompleteMultipartUpload") > 0;
    const fault = { kind: "rewrite", headers: { "content-length": "7" } } as const;
    proxy.inject({ when: ({ operation }) => operation === "HeadObject" && readsBack(), fault });
    t.equal(await reasonOf(t, upload.complete()), "the store copied something else");
    await upload.abort();
    t.equal(await direct.head("new"), undefined);
  });

  behaviour("an upload that was refused for another reason says so", async (t, { it, proxy, direct }) => {
    const upload = await begin(it, await storedBase(direct));
    await copyAround(upload);
    const fault = { kind: "refuse", status: 403, name: "AccessDenied" } as const;
    proxy.inject({ when: "CompleteMultipartUpload", fault });
    await rejectsWith(t, upload.complete(), "STORE_DENIED");
    await upload.abort();
  });

  behaviour("an upload that is gone is not the base's fault", async (t, { it, proxy, direct }) => {
    const upload = await begin(it, await storedBase(direct));
    proxy.inject({ when: "UploadPartCopy", fault: { kind: "refuse", status: 404, name: "NoSuchUpload" } });
    await upload.copy({ start: 0, end: SIZE });
    await rejectsWith(t, upload.complete(), "STORE_FAILED");
    await upload.abort();
  });

  behaviour("what is fetched from a base must be what was asked for", async (t, { it, direct }) => {
    const base = await storedBase(direct);
    const fetches: readonly ((range: ByteRange) => AsyncIterable<Uint8Array>)[] = [
      ({ start, end }) => base.fetch({ start, end: end - 1 }),
      ({ start, end }) => base.fetch({ start, end: end + 1 }),
    ];
    for (const fetch of fetches) {
      const upload = await begin(it, { ...base, fetch });
      await upload.write(Buffer.from("new"));
      const copying = async (): Promise<unknown> => {
        await upload.copy({ start: 0, end: 2 * MiB });
        return upload.complete();
      };
      t.equal(await reasonOf(t, copying()), "the base is not what it was");
      await upload.abort();
    }
    const damaged = new BackupError("BASE_UNUSABLE", "Damaged", { details: { reason: "it is damaged" } });
    const upload = await begin(it, {
      ...base,
      fetch: async function* () {
        await Promise.resolve();
        throw damaged;
      },
    });
    await upload.write(Buffer.from("new"));
    await upload.copy({ start: 0, end: SIZE });
    t.equal(await reasonOf(t, upload.write(Buffer.from("end"))), "it is damaged");
    await upload.abort();
  });

  behaviour("an upload with a base is begun anew, not resumed", async (t, { it, direct, bucket }) => {
    const base = await storedBase(direct);
    const noted = new LeftoverNotes();
    const first = await begin(it, base, noted.options);
    await first.copy({ start: 0, end: 20 * MiB });
    await first.write(testBytes(9 * MiB));
    await first.suspend();
    const [resume] = noted.leftovers;
    t.match(resume, { kind: "multipart", resumable: false });
    if (resume === undefined) return;
    const second = await begin(it, base, { resume });
    const expected = await copyAround(second);
    t.equal((await second.complete()).resumedParts, undefined);
    t.ok((await readAll(direct, "new")).equals(expected));
    await it.discard(resume);
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  for (const [how, known] of [
    ["by its config", { partLimits: { equalParts: true } }],
    ["as it was found out", { abilities: { equalParts: true }, partLimits: { equalParts: false } }],
  ] as const) {
    behaviour(`a store that wants equal parts, ${how}, gets them`, async (t, { proxy, direct, bucket }) => {
      const it = new S3Store({ ...s3.settings(bucket), endpoint: proxy.endpoint, ...known });
      t.teardown(() => it.close());
      const base = await storedBase(direct);
      const upload = await begin(it, base);
      const expected = await copyAround(upload);
      // Of the windows of 8 MiB, each run holds one.
      t.match(await upload.complete(), { copiedBytes: 16 * MiB, size: expected.length });
      t.ok((await readAll(direct, "new")).equals(expected));
    });
  }

  await t.test("where a bucket keeps versions, that of the base is copied", async (t) => {
    const { it, proxy, direct, bucket } = await s3FaultBench(t, s3);
    await s3.keepVersions(bucket);
    const base = await storedBase(direct);
    const version = (await direct.head(base.key))?.version;
    const upload = await begin(it, base);
    await storeArchive(direct, base.key, testBytes(SIZE + 1), { overwrite: true });
    const expected = await copyAround(upload);
    t.equal((await upload.complete()).copiedBytes, COPIED);
    t.ok((await readAll(direct, "new")).equals(expected), "though another version is the newest now");
    const seen = proxy.seen.find(({ operation }) => operation === "UploadPartCopy");
    t.match(seen?.headers["x-amz-copy-source"], `?versionId=${String(version)}`);
  });
}
