import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { GatewayRestoreBench } from "../../test-support/gateway-restore-bench.js";
import { writeSet } from "../../test-support/gateway-set.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("a set and loose objects come back from a bucket", async (t) => {
    const bucket = await s3.newBucket();
    const parent = t.testdir();
    const old = join(parent, "old");
    mkdirSync(join(old, "tenants/acme"), { recursive: true });
    writeFileSync(join(old, "openclaw.json"), "{}");
    writeFileSync(join(old, "tenants/acme/tenant.json"), "{}");
    const { directory } = await writeSet(join(parent, "sets"), { "@state": old });
    for (const name of readdirSync(directory))
      await s3.put(bucket, `prod/2026-03-07T02-00-00Z/${name}`, readFileSync(join(directory, name)));
    await s3.put(bucket, "loose/openclaw.json", Buffer.from("{}"));
    await s3.put(bucket, "loose/tenants/acme/tenant.json", Buffer.from("{}"));
    await s3.put(bucket, "loose/latest.rclonelink", Buffer.from("tenants/acme"));
    const env = s3.environment(bucket);
    for (const [prefix, symlinks] of [
      ["prod", 0],
      ["loose", 1],
    ] as const) {
      const bench = new GatewayRestoreBench(parent);
      const from = `s3://${bucket}/${prefix}/`;
      const result = await bench.with({ env }).restore({ from });
      t.match(result, { tenants: 1, hadIndex: prefix === "prod", totals: { files: 2, symlinks } });
      t.match(result.from, new RegExp(`^${from}`));
    }
    const bench = new GatewayRestoreBench(parent);
    t.match(await bench.with({ env: { ...env, S3_PREFIX: "prod" } }).restore({}), { tenants: 1 });
  });
}
