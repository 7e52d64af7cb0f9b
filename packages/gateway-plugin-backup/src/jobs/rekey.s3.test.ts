import t, { type Test } from "tap";
import { keyPair } from "../archive/testing/key-pair.js";
import { CALLER, sealedBench, type SealedBench } from "../test-support/sealed-bench.js";
import { s3ForTests, type S3ForTests } from "../test-support/s3-for-tests.js";
import { ended } from "../test-support/services-bench.js";
import { rekeySubmission, type RekeyRequest } from "./rekey.js";
import type { JobRecord } from "./types.js";

interface S3Bench extends SealedBench {
  readonly rekeyed: (request: Omit<RekeyRequest, "archive">) => Promise<JobRecord>;
}

/** From the bench's time, which stands still, until some time after the store's. */
const LOCK_DAYS = 3650;

/** With an encrypted archive on the disk, and a destination `vault` that wants its objects locked. */
async function s3Bench(t: Test, s3: S3ForTests, bucket: string): Promise<S3Bench> {
  const { endpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey } = s3;
  const vault = {
    ...{ url: `s3://${bucket}/vault`, endpoint, region, accessKeyId, secretAccessKey },
    lock: { mode: "governance", days: LOCK_DAYS },
  } as const;
  const bench = await sealedBench(t, { destinations: { vault } });
  const { services, key } = bench;
  const archive = await bench.sealed();
  const rekeyed = async (request: Omit<RekeyRequest, "archive">): Promise<JobRecord> =>
    ended(
      services,
      await rekeySubmission(
        services,
        { archive: archive.id, decrypt: { identity: key.identity }, ...request },
        CALLER,
      ),
    );
  return { ...bench, rekeyed };
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const { recipient } = await keyPair();
  const recipients = [recipient];
  const keys = {
    endpoint: s3.endpoint,
    region: s3.region,
    accessKey: s3.accessKey,
    secretKey: s3.secretKey,
  };

  t.test("S3: an archive that is encrypted anew gets the lock of its destination", async (t) => {
    const { rekeyed, record } = await s3Bench(t, s3, await s3.newLockableBucket());
    const job = await rekeyed({ to: "dest:vault/a.age", recipients });
    t.match(job, { state: "succeeded", warnings: [] });
    t.match(record(job.result?.["archiveId"]), { encryption: "age", lock: { mode: "governance" } });
  });

  t.test("S3: a store that does not lock is a warning", async (t) => {
    const { rekeyed } = await s3Bench(t, s3, await s3.newBucket());
    const job = await rekeyed({ to: "dest:vault/a.age", recipients });
    t.match(job, { state: "succeeded", warnings: [{ code: "NOT_LOCKED" }] });
  });

  t.test("S3: keys that come with the request are used, and not kept", async (t) => {
    const bucket = await s3.newBucket();
    const { rekeyed, services } = await s3Bench(t, s3, bucket);
    const to = `s3://${bucket}/b.age`;
    const failed = await rekeyed({ to, pipe: "fail", s3: keys });
    t.match(failed, { state: "failed", error: { code: "PIPE_FAILED" } });
    t.strictSame(services.ledger.leftovers.ofEndedJobs(), [], "what it had begun is taken away");
    const job = await rekeyed({ to, recipients, s3: keys });
    t.match(job, { state: "succeeded", result: { location: to } });
    t.notOk(JSON.stringify(job).includes(s3.secretKey));
  });
}
