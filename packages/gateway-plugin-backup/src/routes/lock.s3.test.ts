import t from "tap";
import {
  BACKUPS,
  history,
  listed,
  locationOf,
  PRUNE,
  removeJob,
  withAcme,
} from "../test-support/pruned-gateway.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";

const DAY_MS = 86_400_000;

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  /** A gateway that locks what it stores in this bucket. */
  const config = (bucket: string): object => ({
    defaultDestination: "vault",
    destinations: {
      vault: {
        url: `s3://${bucket}/gw`,
        endpoint: s3.endpoint,
        region: s3.region,
        accessKeyId: s3.accessKey,
        secretAccessKey: s3.secretKey,
        lock: { mode: "governance", days: 30 },
      },
    },
  });

  await t.test(
    "S3: archives are locked when they are stored; a prune passes over them and says until when",
    async (t) => {
      const bucket = await s3.newLockableBucket();
      const host = await withAcme(t, config(bucket));
      const before = Date.now();
      const { result, warnings } = await host.job(BACKUPS);
      t.same(warnings, []);
      const { until } = result?.["lock"] as { until: string };
      const shift = Date.parse(until) - before;
      t.ok(shift >= 30 * DAY_MS && shift < 31 * DAY_MS, until);
      const old = String(result?.["archiveId"]);
      await history(host, [0]);
      t.match(await listed(host), [
        { lock: { mode: "governance" } },
        { id: old, lock: { mode: "governance", until } },
      ]);
      const pruned = await host.job(PRUNE, { keepLast: 1 });
      t.match(pruned.result, {
        removed: 0,
        kept: 2,
        archives: [{}, { id: old, keep: true, reasons: [`locked until ${until}`] }],
      });
      t.match(await removeJob(host, old), {
        state: "failed",
        error: { code: "ARCHIVE_PROTECTED", message: /locked until/ },
      });
    },
  );

  await t.test("S3: what an admin holds stays as long as the hold", async (t) => {
    const bucket = await s3.newLockableBucket();
    const { endpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey } = s3;
    const vault = { url: `s3://${bucket}`, endpoint, region, accessKeyId, secretAccessKey };
    const host = await withAcme(t, { defaultDestination: "vault", destinations: { vault } });
    const [held] = await history(host, [1, 0]);
    const key = (await locationOf(host, held)).slice(`s3://${bucket}/`.length);
    await s3.legalHold(bucket, key, true);
    t.match((await host.job(PRUNE, { keepLast: 1 })).result, {
      archives: [{}, { reasons: ["locked by a legal hold"] }],
    });
    await s3.legalHold(bucket, key, false);
    t.match((await host.job(PRUNE, { keepLast: 1 })).result, { removed: 1 });
  });

  await t.test("S3: a bucket that locks nothing is a warning of each backup", async (t) => {
    const host = await withAcme(t, config(await s3.newBucket()));
    t.match(await host.job(BACKUPS), {
      state: "succeeded",
      warnings: [{ code: "NOT_LOCKED", message: /s3:/ }],
    });
  });
}
