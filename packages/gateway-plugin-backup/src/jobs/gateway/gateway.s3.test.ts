import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { ADMIN, backUp, gatewayBench, type GatewayBench } from "../../test-support/gateway-sets.js";
import { s3ForTests, type S3ForTests } from "../../test-support/s3-for-tests.js";
import { ended, withThreads } from "../../test-support/services-bench.js";
import { knownSets } from "./known-sets.js";
import { setsAt } from "./list-sets.js";
import { gatewayPruneSubmission } from "./prune.js";

const NAME = "2026-03-07T00-00-00Z";
/** From the bench's time, which stands still, until some time after the store's. */
const LOCK_DAYS = 3650;

async function s3Bench(t: Test, s3: S3ForTests, bucket: string, more: object = {}): Promise<GatewayBench> {
  const { endpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey } = s3;
  const vault = { url: `s3://${bucket}/vault`, endpoint, region, accessKeyId, secretAccessKey, ...more };
  return gatewayBench(t, { destinations: { vault } });
}

async function keys(s3: S3ForTests, bucket: string): Promise<string[]> {
  return (await s3.objects(bucket)).map(({ key }) => key).sort();
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test("S3: sets and pre-delete sets stand as their layout has it", async (t) => {
    const bucket = await s3.newBucket();
    const { services, time } = await s3Bench(t, s3, bucket);
    t.match(await backUp(services, { to: "dest:vault" }), { state: "succeeded" });
    await backUp(services, { to: "dest:vault/", preDelete: true });
    time.advance(60_000);
    await backUp(services, { to: "dest:vault", preDelete: true });
    t.strictSame(await keys(s3, bucket), [
      ...["backup.json", "state.tar.zst", "workspace.tar.zst"].map((name) => `vault/${NAME}/${name}`),
      ...["state", "workspace"].map((part) => `vault/pre-delete/2026-03-07T00-01-00Z.${part}.tar.zst`),
      "vault/pre-delete/backup.json",
    ]);
    t.match(await setsAt(services, "dest:vault"), [
      { kind: "pre-delete", state: "complete" },
      { state: "complete" },
    ]);
    time.advance(60_000);
    t.match(await backUp(services, { to: `s3://${bucket}/vault/` }), { state: "succeeded" });
    const prune = gatewayPruneSubmission(services, { to: "dest:vault", keepLast: 1 }, ADMIN);
    t.match(await ended(services, prune), { result: { removed: 1, kept: 2 } });
  });

  await t.test("S3: keys that came with a request are kept nowhere", async (t) => {
    const bucket = await s3.newBucket();
    const { services } = await gatewayBench(t);
    const { endpoint, region, accessKey, secretKey } = s3;
    const request = { to: `s3://${bucket}/sets/`, s3: { endpoint, region, accessKey, secretKey } };
    t.match(await backUp(services, request), { state: "succeeded", request: { s3: { endpoint } } });
    t.match(services.ledger.sets.list(), [{ store: { requestKeys: true } }]);
    t.notOk(JSON.stringify(services.ledger.sets.list()).includes(secretKey));
  });

  await t.test(
    "S3: archives get the lock of their destination, and a set that is locked is kept",
    async (t) => {
      const bucket = await s3.newLockableBucket();
      const lock = { mode: "governance", days: LOCK_DAYS } as const;
      const { services, time } = await s3Bench(t, s3, bucket, { lock });
      t.match(await backUp(services, { to: "dest:vault" }), { state: "succeeded", warnings: [] });
      t.match(services.ledger.archives.list({ limit: 10 }), [
        { lock: { mode: "governance" } },
        { lock: { mode: "governance" } },
      ]);
      time.advance(60_000);
      const unlocking = withThreads(services, (operation, _request, proceed) =>
        operation === "lock" ? undefined : proceed(),
      );
      t.match(await backUp(unlocking, { to: "dest:vault" }), { warnings: [{ code: "NOT_LOCKED" }, {}] });
      const prune = gatewayPruneSubmission(services, { keepLast: 1 }, ADMIN);
      t.match(await ended(services, prune), { result: { sets: [{}, { keep: true, reasons: [/^locked/] }] } });
    },
  );

  await t.test(
    "S3: while it is not known whether backup.json was written, nothing is taken away",
    async (t) => {
      const bucket = await s3.newBucket();
      const { services } = await s3Bench(t, s3, bucket);
      const lost = withThreads(services, (operation, _request, proceed) => {
        if (operation === "writeManifest") throw new BackupError("STORE_UNREACHABLE", "It is gone.");
        return proceed();
      });
      t.match(await backUp(lost, { to: "dest:vault" }), { state: "failed" });
      t.match(knownSets(services), [{ state: "incomplete", parts: [{}, {}] }]);
      t.equal((await keys(s3, bucket)).length, 2);
    },
  );
}
