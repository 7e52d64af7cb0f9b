import { s3ForTests, startFaultProxy, type FaultProxy } from "@openclaw/gateway-plugin-backup/testing";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { BackupJob } from "./support/answers.js";
import { Bed } from "./support/bed.js";
import { becomes, endOfJob, startJob } from "./support/jobs.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { Noise } from "./support/seeded.js";
import { describeDifferences } from "./support/tree-diff.js";

const MiB = 1024 * 1024;
const PART = 8 * MiB;

interface ResumedJob extends BackupJob {
  readonly request: { readonly resumes?: string };
  readonly result: BackupJob["result"] & { readonly resumedParts?: number; readonly resumedBytes?: number };
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  interface Setup {
    readonly bed: Bed;
    readonly proxy: FaultProxy;
    readonly bucket: string;
    readonly databases: readonly string[];
  }

  /** A gateway whose default destination is a bucket behind a proxy, with a tenant of so many bytes that do not shrink. */
  const setUp = async (t: Test, bytes = 64 * MiB): Promise<Setup> => {
    const proxy = await startFaultProxy(t, s3.endpoint);
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t, { env: s3.environment(bucket, proxy.endpoint) });
    const { databases } = await bed.createFilledTenant("acme", { seed: 11, files: 60, bytes: 2_000_000 });
    const workspace = join(bed.gateway.tenantDirectory("acme"), "workspace");
    mkdirSync(workspace, { recursive: true });
    const noise = new Noise(1);
    writeFileSync(join(workspace, "a-large-file"), noise.read((bytes * 5) / 8));
    writeFileSync(join(workspace, "z-large-file"), noise.read((bytes * 3) / 8));
    return { bed, proxy, bucket, databases };
  };

  /** Starts a backup whose parts from `part` on get nowhere; resolves when all before it are in the store. */
  const backUpTo = async ({ bed, proxy }: Setup, part: number): Promise<string> => {
    proxy.inject({
      when: ({ partNumber }) => partNumber !== undefined && partNumber >= part,
      fault: { kind: "stall" },
      times: 1000,
    });
    const job = await startJob<BackupJob>(bed, "/api/admin/tenants/acme/backups");
    const sent = (): number => proxy.answered.filter(({ operation }) => operation === "UploadPart").length;
    await proxy.until(() => sent() === part - 1 && proxy.count("UploadPart") >= part);
    return job.id;
  };

  /** Starts the gateway again, and waits for the end of the job that goes on with the interrupted one. */
  const resumed = async (t: Test, { bed, proxy }: Setup, interrupted: string): Promise<ResumedJob> => {
    proxy.heal();
    proxy.seen.length = 0;
    await bed.restart();
    t.match(await bed.get(`/api/admin/jobs/${interrupted}`), { state: "interrupted" });
    return endOfJob<ResumedJob>(bed, await successor(bed, interrupted));
  };

  const restoresWhole = async (t: Test, setup: Setup, job: ResumedJob): Promise<void> => {
    const { bed, bucket, databases } = setup;
    await bed.restore("--from", job.result.location, "--as", "copy");
    const source = bed.gateway.tenantDirectory("acme");
    const restored = bed.gateway.tenantDirectory("copy");
    const differences = unexplainedDifferences({ source, restored, databases, renamedTo: "copy" });
    t.equal(describeDifferences(differences), "");
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  };

  t.test("a backup that a killed gateway was at goes on after the next start", async (t) => {
    const setup = await setUp(t);
    const { bed, proxy } = setup;
    const interrupted = await backUpTo(setup, 6);
    const key = proxy.seen.find(({ operation }) => operation === "UploadPart")?.path;
    await bed.gateway.kill();
    const job = await resumed(t, setup, interrupted);
    t.match(job, { state: "succeeded", request: { resumes: interrupted } });
    t.match(job.result, { resumedParts: 5, resumedBytes: 5 * PART });
    t.equal(`/${job.result.location.slice("s3://".length)}`, key, "its name is the one that was begun");
    const begun = proxy.seen.filter(({ operation }) => operation === "CreateMultipartUpload");
    t.notOk(begun.some(({ path }) => path === key));
    const sent = partsSent(proxy);
    t.equal(Math.min(...sent), 6, "what was there is not sent again");
    t.equal(sent.length, Math.ceil(job.result.size / PART) - 5);
    await restoresWhole(t, setup, job);
  });

  t.test(
    "of a tenant that has changed meanwhile, what comes before the change is not sent again",
    async (t) => {
      const setup = await setUp(t);
      const { bed, proxy } = setup;
      const interrupted = await backUpTo(setup, 8);
      await bed.gateway.kill();
      writeFileSync(
        join(bed.gateway.tenantDirectory("acme"), "workspace/z-large-file"),
        new Noise(2).read(10 * MiB),
      );
      const job = await resumed(t, setup, interrupted);
      t.match(job, { state: "succeeded" });
      const kept = job.result.resumedParts ?? 0;
      t.ok(kept >= 4 && kept < 7, `${kept} parts were kept`);
      t.ok(Math.min(...partsSent(proxy)) > 4);
      await restoresWhole(t, setup, job);
    },
  );

  t.test(
    "an upload that has more parts than the tenant is worth now does not keep it from its backup",
    async (t) => {
      const setup = await setUp(t, 24 * MiB);
      const { bed } = setup;
      const interrupted = await backUpTo(setup, 4);
      await bed.gateway.kill();
      for (const name of ["a-large-file", "z-large-file"]) {
        rmSync(join(bed.gateway.tenantDirectory("acme"), "workspace", name));
      }
      const job = await resumed(t, setup, interrupted);
      t.match(job, { state: "succeeded" });
      await restoresWhole(t, setup, job);
    },
  );

  t.test("a gateway that is stopped leaves the upload for the next start", async (t) => {
    const setup = await setUp(t, 24 * MiB);
    const { bed, bucket } = setup;
    const interrupted = await backUpTo(setup, 3);
    // The first signal lets jobs end, the second stops them.
    void bed.gateway.stop();
    t.match(await bed.gateway.stop(), { code: 0 });
    t.equal((await s3.unfinishedUploads(bucket)).length, 1);
    const job = await resumed(t, setup, interrupted);
    t.match(job, { state: "succeeded", result: { resumedParts: 2 } });
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });
}

function partsSent(proxy: FaultProxy): number[] {
  return proxy.seen.flatMap(({ partNumber, path }) =>
    // Each gateway asks once whether the store refuses to overwrite, and needs a part for that, too.
    partNumber === undefined || path.endsWith("-probe") ? [] : [partNumber],
  );
}

/** The id of the job that goes on with another; it begins soon after the start. */
async function successor(bed: Bed, interrupted: string): Promise<string> {
  let found: string | undefined;
  await becomes(async () => {
    const { jobs } = (await bed.get("/api/admin/jobs?tenant=acme")) as { jobs: readonly ResumedJob[] };
    found = jobs.find(({ request }) => request.resumes === interrupted)?.id;
    return found !== undefined;
  });
  if (found === undefined) throw new Error(`No job goes on with ${interrupted}:\n${bed.gateway.output}`);
  return found;
}
