import { s3ForTests, startFaultProxy, type S3Operation } from "@openclaw/gateway-plugin-backup/testing";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { BackupJob } from "./support/answers.js";
import { Bed } from "./support/bed.js";
import { becomes, endOfJob, startJob } from "./support/jobs.js";
import { Noise } from "./support/seeded.js";

const MiB = 1024 * 1024;

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const setUp = async (t: Test, bytes: number) => {
    const proxy = await startFaultProxy(t, s3.endpoint);
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t, { env: s3.environment(bucket, proxy.endpoint) });
    await bed.createTenant("acme");
    const workspace = join(bed.gateway.tenantDirectory("acme"), "workspace");
    mkdirSync(workspace, { recursive: true });
    writeFileSync(join(workspace, "large-file"), new Noise(3).read(bytes));
    return { bed, proxy, bucket };
  };

  /** The only job and the only archive there are, and the archive restores. */
  const isRecovered = async (t: Test, bed: Bed, id: string): Promise<void> => {
    const found = await becomes(async () => {
      const { state } = (await bed.get(`/api/admin/jobs/${id}`)) as BackupJob;
      return state === "succeeded";
    });
    t.ok(found, "the job has succeeded after all");
    const job = (await bed.get(`/api/admin/jobs/${id}`)) as BackupJob;
    t.match(job, { warnings: [{ code: "RECOVERED" }] });
    const { location, size } = job.result;
    t.match(await bed.get("/api/admin/backups"), { archives: [{ jobId: id, location, size }] });
    t.match(await bed.get("/api/admin/jobs"), { jobs: { length: 1 } }, "nothing is backed up twice");
    t.match(await bed.restore("--from", location, "--as", "copy"), { state: "succeeded" });
  };

  const makers: readonly { readonly maker: S3Operation; readonly bytes: number }[] = [
    { maker: "PutObject", bytes: 100_000 },
    { maker: "CompleteMultipartUpload", bytes: 9 * MiB },
  ];
  for (const { maker, bytes } of makers) {
    t.test(
      `an archive that ${maker} has made is listed although the gateway is killed before it knows`,
      async (t) => {
        const { bed, proxy, bucket } = await setUp(t, bytes);
        const makes = ({ operation, path }: { operation: S3Operation; path: string }): boolean =>
          operation === maker && !path.endsWith("-probe");
        proxy.inject({ when: makes, fault: { kind: "stall-answer", after: 0 } });
        const { id } = await startJob<BackupJob>(bed, "/api/admin/tenants/acme/backups");
        await proxy.until(() => proxy.answered.some(makes));
        await bed.gateway.kill();
        await bed.restart();
        await isRecovered(t, bed, id);
        t.strictSame(await s3.unfinishedUploads(bucket), []);
      },
    );
  }

  t.test("an archive that could not be read back is listed when it can", async (t) => {
    const { bed, proxy } = await setUp(t, 100_000);
    const afterwards = (): boolean =>
      proxy.answered.some(({ operation, path }) => operation === "PutObject" && !path.endsWith("-probe"));
    proxy.inject({
      when: ({ operation }) => (operation === "HeadObject" || operation === "GetObject") && afterwards(),
      fault: { kind: "refuse", status: 403, name: "AccessDenied" },
      times: 1000,
    });
    const { id } = await startJob<BackupJob>(bed, "/api/admin/tenants/acme/backups");
    t.match(await endOfJob(bed, id), { state: "failed", error: { code: "STORE_DENIED" } });
    t.match(await bed.get("/api/admin/backups"), { archives: [] });
    await bed.gateway.stop();
    proxy.heal();
    await bed.restart();
    await isRecovered(t, bed, id);
  });
}
