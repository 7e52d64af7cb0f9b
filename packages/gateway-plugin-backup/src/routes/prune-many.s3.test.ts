import t from "tap";
import { BACKUPS, PRUNE, withAcme, withLedger } from "../test-support/pruned-gateway.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";

const ARCHIVES = 1000;
const DAY_MS = 86_400_000;

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test("S3: a thousand archives are pruned in one go", async (t) => {
    const bucket = await s3.newBucket();
    const { endpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey } = s3;
    const offsite = { url: `s3://${bucket}/gw`, endpoint, region, accessKeyId, secretAccessKey };
    const host = await withAcme(t, { defaultDestination: "offsite", destinations: { offsite } });
    const { result } = await host.job(BACKUPS);
    const first = String(result?.["archiveId"]);
    const firstKey = String(result?.["location"]).slice(`s3://${bucket}/`.length);
    const bytes = await s3.get(bucket, firstKey);
    const copies = Array.from({ length: ARCHIVES - 1 }, (_, i) => {
      const createdAt = Date.now() - (i + 1) * DAY_MS;
      const name = new Date(createdAt).toISOString().slice(0, 19).replaceAll(":", "-");
      return { id: `${first}-${i}`, createdAt, key: `gw/tenants/acme/${name}Z.tar.zst` };
    });
    for (let at = 0; at < copies.length; at += 32)
      await Promise.all(copies.slice(at, at + 32).map(({ key }) => s3.put(bucket, key, bytes)));
    withLedger(host, (ledger) => {
      const insert = ledger.prepare(
        `INSERT INTO archives (id, job_id, tenant, tenant_uid, location, store_kind, endpoint, bucket, key, size,
           etag, index_sha256, format_version, created_at, totals_json, state)
         SELECT @id, job_id, tenant, tenant_uid, @location, store_kind, endpoint, bucket, @key, size,
           etag, index_sha256, format_version, @createdAt, totals_json, state FROM archives WHERE id = @first`,
      );
      ledger.transaction(() => {
        for (const copy of copies) insert.run({ ...copy, location: `s3://${bucket}/${copy.key}`, first });
      })();
    });

    const pruned = await host.job(PRUNE, { keepDaily: 7, keepMonthly: 12 });
    t.match(pruned, { state: "succeeded", result: { lost: [] }, warnings: [] });
    const { removed, kept } = pruned.result as { removed: number; kept: number };
    t.equal(removed + kept, ARCHIVES);
    t.ok(kept >= 18 && kept <= 19, `${kept} are kept`);
    t.equal((await s3.objects(bucket)).length, kept);
    t.comment(`${removed} archives were removed in ${Number(pruned.result?.["durationMs"])} ms`);
  });
}
