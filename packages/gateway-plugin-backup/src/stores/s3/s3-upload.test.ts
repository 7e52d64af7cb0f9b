import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import type { FaultRule } from "../../test-support/fault-proxy.js";
import { s3FaultBench, type S3FaultBench } from "../../test-support/s3-fault-bench.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import type { SeenRequest } from "../../test-support/s3-operation.js";
import { keysOf, LeftoverNotes, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import type { Leftover, Upload } from "../store.js";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const SMALL = 100_000;
const LARGE = 17 * MiB;
const options = { overwrite: false, onLeftover: () => Promise.resolve() };

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const behaviour = (what: string, check: (t: Test, bench: S3FaultBench) => Promise<void>): void => {
    t.test(what, async (t) => check(t, await s3FaultBench(t, s3)));
  };

  const begun = async ({ it }: S3FaultBench, size: number, overwrite = false): Promise<Upload> => {
    const upload = await it.create("key", { ...options, overwrite });
    await upload.write(testBytes(size));
    return upload;
  };

  behaviour("an upload that is resumed has the part size that it was begun with", async (t, bench) => {
    const { it, proxy, direct } = bench;
    const noted = new LeftoverNotes();
    const sizeHint = 60 * GiB;
    const first = await it.create("key", { ...options, ...noted.options, sizeHint });
    const bytes = testBytes(27 * MiB);
    await first.write(bytes);
    await proxy.until(
      () => proxy.answered.filter(({ operation }) => operation === "UploadPart").length === 2,
    );
    await first.suspend();
    const [resume] = noted.leftovers;
    t.match(resume, { kind: "multipart", sizeHint });
    if (resume === undefined) return;
    const second = await it.create("key", { ...options, resume, sizeHint: 1 });
    await second.write(bytes);
    t.match(await second.complete(), { resumedParts: 2, resumedBytes: 26 * MiB });
    t.ok((await readAll(direct, "key")).equals(bytes));
  });

  behaviour("an upload whose id cannot be noted is taken away at once", async (t, { it, bucket }) => {
    const onLeftover = ({ kind }: Leftover): Promise<void> =>
      kind === "multipart"
        ? Promise.reject(new BackupError("LEDGER_UNUSABLE", "The ledger is gone"))
        : Promise.resolve();
    const upload = await it.create("key", { overwrite: false, onLeftover });
    await rejectsWith(t, upload.write(testBytes(LARGE)), "LEDGER_UNUSABLE");
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  behaviour("an object that the store took and does not have is not taken for stored", async (t, bench) => {
    const upload = await begun(bench, SMALL);
    bench.proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 404 } });
    bench.proxy.inject({ when: "GetObject", fault: { kind: "refuse", status: 404, name: "NoSuchKey" } });
    const error = await rejectsWith(t, upload.complete(), "STORE_FAILED");
    t.match(error.message, /took s3:\/\/.*\/key, but does not have it/);
    await upload.abort();
    t.equal(await bench.direct.head("key"), undefined);
  });

  behaviour("an object of another writer in the place of ours is told from ours", async (t, bench) => {
    const headers = { "x-amz-meta-openclaw-upload": "another" };
    for (const [overwrite, code] of [
      [false, "ARCHIVE_EXISTS"],
      [true, "STORE_FAILED"],
    ] as const) {
      const upload = await begun(bench, SMALL, overwrite);
      bench.proxy.inject({ when: "HeadObject", fault: { kind: "rewrite", headers } });
      await rejectsWith(t, upload.complete(), code);
      await upload.abort();
    }
  });

  behaviour("an object that was made though the store said it failed is ours", async (t, bench) => {
    const { proxy, direct } = bench;
    const full = { kind: "refuse", status: 507, name: "XMinioStorageFull" } as const;
    const upload = await begun(bench, SMALL);
    proxy.inject({ when: "PutObject", fault: { ...full, carriedOut: true } });
    t.equal((await upload.complete()).size, SMALL);
    await direct.remove("key");

    const failing = await begun(bench, SMALL);
    proxy.inject({ when: "PutObject", fault: full });
    t.match((await rejectsWith(t, failing.complete(), "STORE_FAILED")).hint, /space is used up/);
    await failing.abort();
    t.equal(await direct.head("key"), undefined);
  });

  behaviour("an object that appears between two looks is found", async (t, { it, proxy, direct }) => {
    for (const size of [0, SMALL]) {
      await storeArchive(direct, "key", testBytes(size), { overwrite: true });
      proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 404 } });
      t.match(await it.head("key"), { size });
    }
  });

  behaviour("an object that somebody else has put there has no mark", async (t, { it, bucket }) => {
    await s3.put(bucket, "key", Buffer.from("theirs"));
    t.match(await it.head("key"), { size: 6, mark: undefined });
  });

  behaviour(
    "a read that is cancelled ends, though nothing arrives any more",
    async (t, { it, proxy, direct }) => {
      await storeArchive(direct, "key", testBytes(LARGE));
      proxy.inject({ when: "GetObject", fault: { kind: "stall-answer", after: 1_000_000 } });
      const cancel = new AbortController();
      const reading = async (): Promise<void> => {
        const reason = new BackupError("JOB_CANCELLED", "Cancelled");
        for await (const chunk of it.read("key", { signal: cancel.signal }))
          if (chunk.length > 0) cancel.abort(reason);
      };
      await rejectsWith(t, reading(), "JOB_CANCELLED");
    },
  );

  const isProbe = ({ path }: SeenRequest): boolean => path.endsWith("-probe");
  const probes: Readonly<Record<string, readonly [FaultRule, left: readonly Leftover["kind"][]]>> = {
    "that gets no answer stays noted": [{ when: isProbe, fault: { kind: "reset" }, times: 1000 }, ["probe"]],
    "that is denied leaves nothing": [
      { when: isProbe, fault: { kind: "refuse", status: 403, name: "AccessDenied" }, times: 1000 },
      [],
    ],
    "that is answered leaves nothing": [{ when: () => false, fault: { kind: "reset" } }, []],
  };
  for (const [what, [rule, left]] of Object.entries(probes))
    t.test(`a probe ${what}, and the archive is stored`, async (t) => {
      const { it, proxy, direct } = await s3FaultBench(t, s3, {});
      proxy.inject(rule);
      const noted = new LeftoverNotes();
      const { overwriteGuard } = await storeArchive(it, "key", testBytes(SMALL), noted.options);
      t.equal(overwriteGuard, what.includes("answered") ? "atomic" : "checked");
      t.strictSame(
        noted.leftovers.map(({ kind }) => kind),
        left,
      );
      t.strictSame(await keysOf(direct.list("")), ["key"]);
    });
}
