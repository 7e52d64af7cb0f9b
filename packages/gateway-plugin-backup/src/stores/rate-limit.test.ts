import { realpathSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";
import { readAll, rejectsWith, storeArchive, testBytes } from "./conformance.js";
import { LocalStore } from "./local/local-store.js";
import { RateLimit } from "./rate-limit.js";
import { S3Store } from "./s3/s3-store.js";
import type { Store } from "./store.js";
import { realClock } from "./timing.js";

const MiB = 1024 * 1024;

// First: tap ends a file whose tests are all done.
const s3 = await s3ForTests(t);

/** Time that passes only in sleeps. */
function fakeClock(): { now: () => number; sleep: (ms: number) => Promise<void>; passed: () => number } {
  let now = 0;
  return {
    now: () => now,
    sleep: (milliseconds) => Promise.resolve(void (now += milliseconds)),
    passed: () => now,
  };
}

t.test("whatever is taken, no more passes than the rate allows, and no less", async () => {
  const keeps = fc.asyncProperty(
    fc.integer({ min: 1, max: 100_000_000 }),
    fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 50 }),
    async (rate, takes) => {
      const clock = fakeClock();
      const limit = new RateLimit(rate, clock);
      for (const bytes of takes) await limit.take(bytes);
      const expected = (takes.reduce((sum, bytes) => sum + bytes, 0) / rate) * 1000;
      return Math.abs(clock.passed() - expected) <= 100 + expected * 1e-9;
    },
  );
  await fc.assert(keeps);
});

t.test("time in which nothing passed is not made up for, but for a moment of it", async (t) => {
  const clock = fakeClock();
  const limit = new RateLimit(1000, clock);
  await clock.sleep(60_000);
  await limit.take(100);
  t.equal(clock.passed(), 60_000, "a tenth of a second is");
  await limit.take(1000);
  t.equal(clock.passed(), 61_000);
});

t.test("bytes go out in steps, ten or more a second", async (t) => {
  for (const [rate, step] of [
    [5, 1],
    [10_000, 1000],
    [100 * MiB, 64 * 1024],
  ] as const) {
    const sizes: number[] = [];
    for await (const chunk of new RateLimit(rate, fakeClock()).steps(testBytes(step * 3 + 1))) {
      sizes.push(chunk.length);
    }
    t.strictSame(sizes, rate === 5 ? [1, 1, 1, 1] : [step, step, step, 1]);
  }
});

t.test("who waits can be told to stop", async (t) => {
  const cancel = new AbortController();
  const waiting = new RateLimit(1, realClock).take(1_000_000, cancel.signal);
  cancel.abort(new BackupError("JOB_CANCELLED", "Cancelled"));
  await rejectsWith(t, waiting, "JOB_CANCELLED");
});

const rates = { upload: MiB, download: 2 * MiB };

/** Writes, copies, and reads with limits of one and two MiB a second. */
async function checkLimits(
  t: Test,
  { it, key, passed }: { it: Store; key: string; passed: () => number },
): Promise<void> {
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const before = passed();
    await work();
    return Math.round((passed() - before) / 1000);
  };
  const bytes = testBytes(20 * MiB);
  t.equal(await seconds(() => storeArchive(it, key, bytes)), 20);
  t.equal(await seconds(() => readAll(it, key)), 10);
  const found = await it.head(key);
  if (found === undefined) throw new Error("The archive is gone.");
  const { size, etag } = found;
  t.equal(await seconds(() => readAll(it, key, { etag, range: { start: 0, end: 16 * MiB } })), 8);
  const copying = async (): Promise<void> => {
    const base = { key, size, etag, fetch: () => it.read(key) };
    const options = { overwrite: false, onLeftover: () => Promise.resolve(), base };
    const upload = await it.create(`${key}2`, options);
    await upload.copy({ start: 0, end: 16 * MiB });
    await upload.write(testBytes(3 * MiB));
    await upload.complete();
  };
  t.equal(await seconds(copying), 3, "what is copied does not count");
  t.ok(
    (await readAll(it, `${key}2`)).equals(Buffer.concat([bytes.subarray(0, 16 * MiB), testBytes(3 * MiB)])),
  );
}

t.test("a local store keeps to its limits", async (t) => {
  const root = realpathSync(t.testdir({}));
  const clock = fakeClock();
  const it = new LocalStore({ kind: "local", roots: [root], rates }, {}, clock);
  await checkLimits(t, { it, key: join(root, "key"), passed: () => clock.passed() });
});

if (s3 !== undefined) {
  await t.test("an S3 store keeps to its limits", async (t) => {
    const clock = fakeClock();
    const settings = s3.settings(await s3.newBucket());
    const it = new S3Store({ ...settings, rates }, { timing: { ...clock, random: () => 0 } });
    t.teardown(() => it.close());
    await checkLimits(t, { it, key: "key", passed: () => clock.passed() });
    const before = clock.passed();
    await it.readTail("key", 4 * MiB);
    t.equal(Math.round((clock.passed() - before) / 1000), 2);
  });
}
