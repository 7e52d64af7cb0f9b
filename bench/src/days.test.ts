/** Days of a small tenant's life, each backed up to S3, and whole in an archive that stands alone. */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { Cli, GatewayProcess, generateTenant, unexplainedDifferences } from "@openclaw/test/support";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { CountingProxy } from "./proxy/counting-proxy.js";
import { TenantLife } from "./tenant/life.js";

const SCALE = { seed: 12, files: 600, bytes: 30_000_000 };
const DAYS = 10;
/** What a day may send: so much of what truly changed, and so much more. */
const SHARE = 2.5;
const MORE_BYTES = 8_000_000;

interface Result {
  readonly archiveId: string;
  readonly mode: string;
  readonly size: number;
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("each day sends about what changed, and its archive needs no other", async (t) => {
    const stateDirectory = join(t.testdir(), "state");
    mkdirSync(stateDirectory, { mode: 0o700 });
    const proxy = await CountingProxy.start(s3.endpoint);
    t.teardown(() => proxy.stop());
    const gateway = await GatewayProcess.start({
      stateDirectory,
      adminToken: "admin-token-of-the-tests-0123456789",
      env: s3.environment(await s3.newBucket(), proxy.endpoint),
    });
    t.teardown(() => gateway.stop());
    const cli = new Cli(gateway);
    await cli.ok(["tenants", "create", "acme"]);
    const source = gateway.tenantDirectory("acme");
    const { databases } = generateTenant(source, SCALE);
    const life = new TenantLife(source, 30);
    const backUp = async (): Promise<{ readonly result: Result; readonly sentBytes: number }> => {
      const before = proxy.traffic.sentBytes;
      const { result } = (await cli.json(["tenants", "backup", "acme"])) as { readonly result: Result };
      return { result, sentBytes: proxy.traffic.sentBytes - before };
    };
    const isRestored = async (t: Test, from: string, day: number): Promise<void> => {
      await cli.ok(["tenants", "restore", "--from", from, "--as", "copy"]);
      const restored = gateway.tenantDirectory("copy");
      const differences = unexplainedDifferences({ source, restored, renamedTo: "copy", databases });
      t.same(differences, [], `day ${day} comes back whole`);
      await cli.ok(["tenants", "delete", "copy", "--confirm"]);
    };
    await backUp();
    const days: number[] = [];
    let allowed = 0;
    let sent = 0;
    for (let day = 1; day <= DAYS; day++) {
      const { compressedBytes } = life.day();
      const { result, sentBytes } = await backUp();
      t.equal(result.mode, "incremental", `day ${day}`);
      await cli.ok(["backups", "prune", "acme", "--keep-last", "1"]);
      if (day % 2 === 0) await isRestored(t, result.archiveId, day);
      else await cli.ok(["tenants", "restore", "--from", result.archiveId, "--as", "copy", "--dry-run"]);
      t.ok(sentBytes < result.size, `day ${day}: ${sentBytes} bytes sent of ${result.size}`);
      t.comment(`day ${day}: ${compressedBytes} changed, ${sentBytes} sent, ${result.size} stored`);
      allowed += SHARE * compressedBytes + MORE_BYTES;
      sent += sentBytes;
      days.push(sentBytes);
    }
    t.ok(sent <= allowed, `${sent} bytes sent, ${allowed} allowed`);
    const lastDays = days.slice(-3).reduce((sum, bytes) => sum + bytes) / 3;
    t.ok(lastDays <= (days[1] ?? 0), `${lastDays} bytes sent on the last days, ${days[1]} on the second`);
  });
}
