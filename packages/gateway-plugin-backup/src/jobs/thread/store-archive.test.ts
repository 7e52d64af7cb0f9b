import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import { backupOperation } from "../../test-support/backup-operation.js";
import { startFaultProxy } from "../../test-support/fault-proxy.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import type { Leftover } from "../../stores/store.js";
import type { RunOptions } from "./pool.js";
import { JobThreads } from "./pool.js";
import type { BackupOutcome, CompletingArchive } from "./protocol.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const setUp = async (t: Test) => {
    const proxy = await startFaultProxy(t, s3.endpoint);
    const bucket = await s3.newBucket();
    const directory = t.testdir({ tenant: { "tenant.json": "{}", "a.txt": "content" } });
    const store = { ...s3.settings(bucket), endpoint: proxy.endpoint, abilities: { put: true } };
    const threads = new JobThreads();
    const direct = openStore(s3.settings(bucket));
    t.teardown(() => direct.close());
    t.teardown(() => threads.close());
    const backUp = (options: Partial<RunOptions> = {}, overwrite = false): Promise<BackupOutcome> =>
      threads.run("backup", backupOperation(directory, { store, key: "key", overwrite }), {
        signal: new AbortController().signal,
        ...options,
      });
    return { proxy, bucket, direct, backUp };
  };
  const isTailRead = ({ headers }: { headers: { range?: string | undefined } }): boolean =>
    headers.range?.startsWith("bytes=-") === true;

  t.test("what is about to become visible is announced before it is", async (t) => {
    const { proxy, backUp } = await setUp(t);
    let announced: CompletingArchive | undefined;
    const { object, indexSha256, totals } = await backUp({
      onCompleting: (archive) => {
        announced = archive;
        t.equal(proxy.count("PutObject"), 0);
      },
    });
    t.match(announced, { size: object.size, indexSha256, totals, mark: String });
  });

  t.test("an archive that cannot be announced does not become visible", async (t) => {
    const { direct, backUp } = await setUp(t);
    const onCompleting = (): never => {
      throw new BackupError("DISK_FULL", "The ledger is full.");
    };
    await t.rejects(backUp({ onCompleting }), { code: "DISK_FULL" });
    t.equal(await direct.head("key"), undefined);
  });

  t.test("an index that is altered on its way back is read again", async (t) => {
    const { proxy, direct, backUp } = await setUp(t);
    proxy.inject({ when: isTailRead, fault: { kind: "corrupt-answer", at: 100 } });
    const { object } = await backUp();
    t.equal((await direct.head("key"))?.size, object.size);
  });

  t.test("an archive that the store gives back altered is removed, and not reported as good", async (t) => {
    const { proxy, direct, backUp } = await setUp(t);
    proxy.inject({ when: isTailRead, fault: { kind: "corrupt-answer", at: 100 }, times: 2 });
    await t.rejects(backUp(), {
      code: "STORE_FAILED",
      message: /It was removed/,
      details: { removed: true },
    });
    t.equal(await direct.head("key"), undefined);
  });

  t.test("an archive that another writer replaces before it is read back is the other's", async (t) => {
    for (const [overwrite, code] of [
      [false, "ARCHIVE_EXISTS"],
      [true, "STORE_FAILED"],
    ] as const) {
      const { proxy, bucket, direct, backUp } = await setUp(t);
      // Long enough for the other writer to come in between.
      const busy = { kind: "refuse", status: 503, name: "SlowDown", retryAfter: 2 } as const;
      proxy.inject({ when: isTailRead, fault: busy });
      const backingUp = backUp({}, overwrite);
      await proxy.until(() => proxy.seen.some(isTailRead));
      await s3.put(bucket, "key", Buffer.from("another's"));
      await t.rejects(backingUp, { code });
      t.equal((await direct.head("key"))?.size, 9);
    }
  });

  t.test("a stop in the only request leaves nothing", async (t) => {
    const { proxy, bucket, backUp } = await setUp(t);
    const leftovers: Leftover[] = [];
    const stop = new AbortController();
    proxy.inject({ when: "PutObject", fault: { kind: "stall" } });
    const backingUp = backUp({
      signal: stop.signal,
      onLeftover: (leftover) => void leftovers.push(leftover),
    });
    await proxy.until(() => proxy.count("PutObject") === 1);
    stop.abort(new BackupError("JOB_INTERRUPTED", "The gateway stops."));
    await t.rejects(backingUp, { code: "JOB_CANCELLED" });
    t.same(leftovers, []);
    t.same(await s3.unfinishedUploads(bucket), []);
  });
}
