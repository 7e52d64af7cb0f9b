import t, { type Test } from "tap";
import type { FaultProxy, FaultRule } from "../../test-support/fault-proxy.js";
import { s3FaultBench, type S3FaultBench } from "../../test-support/s3-fault-bench.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import type { SeenRequest } from "../../test-support/s3-operation.js";
import { LeftoverNotes, readAll, rejectsWith, testBytes } from "../conformance.js";
import type { MultipartLeftover, Store, StoredObject } from "../store.js";

const MiB = 1024 * 1024;
const PART = 8 * MiB;
const bytes = testBytes(34 * MiB);

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const behaviour = (what: string, check: (t: Test, bench: S3FaultBench) => Promise<void>): void => {
    t.test(what, async (t) => check(t, await s3FaultBench(t, s3)));
  };

  /** An upload to `key` that stopped when so many parts of the content were in the store. */
  const partsInStore = async (
    { it, proxy }: S3FaultBench,
    content: Uint8Array,
    count: number,
  ): Promise<MultipartLeftover> => {
    const noted = new LeftoverNotes();
    const upload = await it.create("key", { overwrite: false, ...noted.options });
    await upload.write(content);
    await proxy.until(
      () => proxy.answered.filter(({ operation }) => operation === "UploadPart").length === count,
    );
    await upload.suspend();
    proxy.seen.length = 0;
    const [leftover, ...others] = noted.leftovers;
    if (leftover?.kind !== "multipart" || others.length > 0) throw new Error("One upload was expected");
    return leftover;
  };

  const goOn = async (
    store: Store,
    resume: MultipartLeftover,
    content: Uint8Array,
    noted = new LeftoverNotes(),
  ): Promise<StoredObject> => {
    const upload = await store.create("key", { overwrite: false, resume, ...noted.options });
    await upload.write(content);
    return upload.complete();
  };

  behaviour("an upload that is resumed sends only what has changed", async (t, bench) => {
    const { it, proxy, bucket, direct } = bench;
    const resume = await partsInStore(bench, bytes.subarray(0, 33 * MiB), 4);
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(9 * MiB) ^ 1, 9 * MiB);
    const stored = await goOn(it, resume, changed);
    t.match(stored, { resumedParts: 3, resumedBytes: 3 * PART, size: 34 * MiB });
    t.strictSame(partsSent(proxy), [2, 5]);
    t.ok((await readAll(direct, "key")).equals(changed));
    t.strictSame(await s3.unfinishedUploads(bucket), []);
    t.equal((await direct.head("key"))?.mark, resume.mark);
  });

  behaviour(
    "an object that has become smaller has no part of what was behind its end, or is not made",
    async (t, bench) => {
      const { it, proxy, bucket, direct } = bench;
      for (const size of [20 * MiB, 1000]) {
        const resume = await partsInStore(bench, bytes, 4);
        const upload = await it.create("key", { overwrite: true, resume, ...new LeftoverNotes().options });
        await upload.write(bytes.subarray(0, size));
        // AWS leaves out what is not named on completing. Ceph wants every part that it has named.
        const refused = await upload.complete().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refused === undefined) t.ok((await readAll(direct, "key")).equals(bytes.subarray(0, size)));
        else t.match(refused, { code: "STORE_FAILED", details: { store: "InvalidPart" } });
        await upload.abort();
        t.strictSame(await s3.unfinishedUploads(bucket), []);
        proxy.answered.length = 0;
      }
    },
  );

  behaviour("parts that a store lists in pages are all known", async (t, bench) => {
    const { it, proxy } = bench;
    const resume = await partsInStore(bench, bytes, 4);
    const etag = "0".repeat(32);
    proxy.inject({
      when: "ListParts",
      fault: {
        kind: "refuse",
        status: 200,
        body: `<?xml version="1.0"?><ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>
          <Part><PartNumber>1</PartNumber><Size>${PART}</Size><ETag>"${etag}"</ETag></Part></ListPartsResult>`,
      },
    });
    t.match(await goOn(it, resume, bytes), { resumedParts: 3 });
    t.equal(proxy.count("ListParts"), 2);
    t.strictSame(partsSent(proxy), [1, 5]);
  });

  behaviour("where ETags are no MD5 sums, everything is sent again", async (t, bench) => {
    const { it, proxy, direct } = bench;
    const resume = await partsInStore(bench, bytes, 4);
    const parts = [1, 2, 3, 4].map(
      (number) =>
        `<Part><PartNumber>${number}</PartNumber><Size>${PART}</Size><ETag>"opaque-1"</ETag></Part>`,
    );
    const body = `<?xml version="1.0"?><ListPartsResult><IsTruncated>false</IsTruncated>${parts.join("")}</ListPartsResult>`;
    proxy.inject({ when: "ListParts", fault: { kind: "refuse", status: 200, body } });
    t.match(await goOn(it, resume, bytes), { resumedParts: 0, resumedBytes: 0 });
    t.equal(partsSent(proxy).length, 5);
    t.ok((await readAll(direct, "key")).equals(bytes));
  });

  behaviour("an upload that is gone is begun anew, and forgotten", async (t, bench) => {
    const { it, bucket, direct } = bench;
    const resume = await partsInStore(bench, bytes, 4);
    await direct.discard(resume);
    const noted = new LeftoverNotes();
    await noted.options.onLeftover(resume);
    const stored = await goOn(it, resume, bytes, noted);
    t.equal(stored.resumedParts, undefined);
    t.strictSame(
      noted.leftovers.map(({ kind }) => kind),
      ["multipart"],
      "only that of the new one is left to be forgotten by the job",
    );
    t.notSame(noted.leftovers[0], resume);
    t.ok((await readAll(direct, "key")).equals(bytes));
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  behaviour("a resumed upload that is aborted leaves nothing", async (t, bench) => {
    const { it, bucket } = bench;
    const resume = await partsInStore(bench, bytes, 4);
    const upload = await it.create("key", { overwrite: false, resume, ...new LeftoverNotes().options });
    await upload.write(bytes.subarray(0, PART + 1));
    await upload.abort();
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  behaviour(
    "an upload whose id was in a lost answer is found, once it can be told from others",
    async (t, bench) => {
      const { it, proxy, bucket } = bench;
      const working = await partsInStore(bench, bytes.subarray(0, PART + 1), 1);
      proxy.inject({ when: "CreateMultipartUpload", fault: { kind: "lose-answer" } });
      const noted = new LeftoverNotes();
      const upload = await it.create("key", { overwrite: false, ...noted.options });
      await upload.write(bytes);
      await upload.complete();
      t.strictSame(
        noted.leftovers.map(({ kind }) => kind),
        ["begun", "multipart"],
        "what may be left is not forgotten",
      );
      t.equal((await s3.unfinishedUploads(bucket)).length, 2);
      const begun = { kind: "begun", key: "key" } as const;
      await rejectsWith(t, it.discard(begun), "STORE_FAILED");
      t.equal((await s3.unfinishedUploads(bucket)).length, 2, "it may be another writer's");
      await it.discard({ kind: "begun", key: "ke" });
      await it.discard({ kind: "begun", key: "key/longer" });
      const date = new Date(Date.now() + 601_000).toUTCString();
      proxy.inject({ when: () => true, fault: { kind: "rewrite", headers: { date } }, times: 10 });
      await it.discard(begun);
      t.strictSame(
        await s3.unfinishedUploads(bucket),
        [working.uploadId],
        "one with parts is somebody's work",
      );
    },
  );

  behaviour("an upload that was refused leaves nothing to look for", async (t, { it, proxy }) => {
    proxy.inject({
      when: "CreateMultipartUpload",
      fault: { kind: "refuse", status: 403, name: "AccessDenied" },
    });
    const noted = new LeftoverNotes();
    const upload = await it.create("key", { overwrite: false, ...noted.options });
    await rejectsWith(t, upload.write(bytes), "STORE_DENIED");
    t.strictSame(noted.leftovers, []);
  });

  behaviour("a store that cannot list uploads keeps what nobody can find", async (t, { it, proxy }) => {
    proxy.inject({
      when: "ListMultipartUploads",
      fault: { kind: "refuse", status: 501, name: "NotImplemented" },
    });
    await it.discard({ kind: "begun", key: "key" });
    t.equal(proxy.count("ListMultipartUploads"), 1);
  });

  t.test("a probe that is cut off is taken away", async (t) => {
    const { it, proxy, bucket, direct } = await s3FaultBench(t, s3, {});
    proxy.inject({
      when: ({ partNumber, path }) => partNumber === 1 && path.endsWith("-probe"),
      fault: { kind: "stall" },
    });
    const noted = new LeftoverNotes();
    const cancel = new AbortController();
    const upload = await it.create("dir/key", { overwrite: false, signal: cancel.signal, ...noted.options });
    await upload.write(bytes.subarray(0, PART + 1));
    const completing = upload.complete();
    await proxy.until(() =>
      proxy.seen.some(({ partNumber, path }) => partNumber === 1 && path.endsWith("-probe")),
    );
    t.ok(
      noted.leftovers.some(({ kind }) => kind === "probe"),
      "it was announced before it began",
    );
    // As a gateway that is killed would leave it: nothing that the upload does from here on is of use.
    proxy.inject({ when: () => true, fault: { kind: "reset" }, times: 1000 });
    cancel.abort();
    await t.rejects(completing);
    await upload.abort();
    t.ok((await s3.unfinishedUploads(bucket)).length > 0);
    for (const leftover of noted.leftovers) await direct.discard(leftover);
    t.strictSame(await s3.unfinishedUploads(bucket), []);
    t.equal(await direct.head("dir/.openclaw-overwrite-probe"), undefined);
  });

  const isProbe = ({ path }: SeenRequest): boolean => path.endsWith("-probe");
  const probeTroubles: [name: string, rule: FaultRule][] = [
    [
      "whose upload's id was lost",
      {
        when: (one) => isProbe(one) && one.operation === "CreateMultipartUpload",
        fault: { kind: "lose-answer" },
      },
    ],
    [
      "whose object's answer was lost",
      { when: (one) => isProbe(one) && one.operation === "PutObject", fault: { kind: "lose-answer" } },
    ],
    [
      "whose object cannot be removed now",
      {
        when: (one) => isProbe(one) && one.operation === "DeleteObject",
        fault: { kind: "refuse", status: 403, name: "AccessDenied" },
        times: 10,
      },
    ],
  ];
  for (const [name, rule] of probeTroubles) {
    t.test(`a probe ${name} stays noted, so that it is taken away later`, async (t) => {
      const { it, proxy, bucket, direct } = await s3FaultBench(t, s3, {});
      proxy.inject(rule);
      const noted = new LeftoverNotes();
      const upload = await it.create("dir/key", { overwrite: false, ...noted.options });
      await upload.write(bytes.subarray(0, PART + 1));
      await upload.complete();
      const probe = noted.leftovers.find(({ kind }) => kind === "probe");
      t.ok(probe, "it is noted");
      if (probe !== undefined) await direct.discard(probe);
      t.strictSame(await s3.unfinishedUploads(bucket), []);
      t.strictSame(
        (await s3.objects(bucket)).map(({ key }) => key),
        ["dir/key"],
      );
    });
  }
}

function partsSent(proxy: FaultProxy): number[] {
  return proxy.seen.flatMap(({ partNumber }) => (partNumber === undefined ? [] : [partNumber])).sort();
}
