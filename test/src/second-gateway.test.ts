import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { describeDifferences, standardDiff } from "./support/tree-diff.js";

const scale =
  process.env["OPENCLAW_TEST_LARGE"] === "1"
    ? { seed: 10, files: 20_000, bytes: 1_000_000_000 }
    : { seed: 10, files: 2000, bytes: 60_000_000 };

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test(
    "a tenant moves to another gateway through S3",
    { skip: await missing({ programs: ["diff"] }) },
    async (t) => {
      const bucket = await s3.newBucket();
      const flags = ["--endpoint", s3.endpoint, "--access-key", s3.accessKey, "--secret-key", s3.secretKey];
      const object = `s3://${bucket}/acme/moved.tar.zst`;
      const first = await Bed.start(t);
      const { token, databases, files } = await first.createFilledTenant("acme", scale);
      const backup = await first.backup("acme", "--to", object, ...flags);
      t.equal(backup.state, "succeeded");
      t.equal(backup.result.totals.files, files + 1);
      t.same(await s3.unfinishedUploads(bucket), []);

      const second = await Bed.start(t);
      t.equal(await second.whoami(token), 401);
      const { result } = await second.restore("--from", object, ...flags);
      t.equal(result.token, "archive");
      t.equal(await second.whoami(token), "acme", "the old token answers on the second gateway");

      const source = first.gateway.tenantDirectory("acme");
      const restored = second.gateway.tenantDirectory("acme");
      t.equal(describeDifferences(unexplainedDifferences({ source, restored, databases })), "");

      const rewritten = new Set([
        `Only in ${source}: pty`,
        ...["tenant.json", ...databases].map(
          (path) => `Files ${join(source, path)} and ${join(restored, path)} differ`,
        ),
      ]);
      const unexpected = (await standardDiff(source, restored)).filter((line) => !rewritten.has(line));
      t.same(unexpected, [], "diff -r --no-dereference finds nothing else");
      t.comment(
        `${files} files, ${backup.result.totals.contentBytes} bytes: backup ${backup.result.durationMs} ms, ` +
          `restore ${result.durationMs} ms`,
      );
    },
  );
}
