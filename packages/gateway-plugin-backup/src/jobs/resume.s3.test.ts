import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { JobView } from "../routes/schemas.js";
import { startFaultProxy } from "../test-support/fault-proxy.js";
import { testGateway } from "../test-support/gateway.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";
import { readStoredArchive } from "../test-support/stored-archive.js";

const BACKUPS = "/api/admin/tenants/acme/backups";

/** More than one part of an upload, and nothing that compression makes smaller. */
const LARGE_FILE_BYTES = 9 * 1024 ** 2;

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  /** A gateway that was stopped when one part of a backup was in the store. */
  const cutOff = async (t: Test, { onBase = false } = {}) => {
    const bucket = await s3.newBucket();
    const proxy = await startFaultProxy(t, s3.endpoint);
    const offsite = {
      url: `s3://${bucket}/gw`,
      endpoint: proxy.endpoint,
      region: s3.region,
      accessKeyId: s3.accessKey,
      secretAccessKey: s3.secretKey,
    };
    const config = { defaultDestination: "offsite", destinations: { offsite } };
    const host = await testGateway(t, config);
    await host.tenant("acme");
    const large = join(host.directory("acme"), "large");
    writeFileSync(large, randomBytes(LARGE_FILE_BYTES));
    if (onBase) await host.job(BACKUPS);
    proxy.answered.length = 0;
    proxy.seen.length = 0;
    proxy.inject({ when: ({ partNumber }) => partNumber === 2, fault: { kind: "stall" } });
    const { body } = await host.call("POST", BACKUPS, {});
    const { id } = body["job"] as JobView;
    await proxy.until(
      () =>
        proxy.answered.some(({ partNumber }) => partNumber === 1) &&
        proxy.seen.some(({ partNumber }) => partNumber === 2),
    );
    await host.gateway.close({ graceMs: 0 });
    t.equal((await s3.unfinishedUploads(bucket)).length, 1);
    return { bucket, proxy, large, id, next: () => testGateway(t, config, host.stateDir) };
  };

  /** Starts the gateway anew, and gives the job that goes on with the upload, as it ended. */
  const resumption = async ({ id, next, proxy }: Awaited<ReturnType<typeof cutOff>>) => {
    const host = await next();
    await proxy.until(() => proxy.count("ListParts") > 0);
    const { body } = await host.call("GET", "/api/admin/jobs?tenant=acme");
    const found = (body["jobs"] as JobView[]).find(({ request }) => request["resumes"] === id);
    const url = `/api/admin/jobs/${found?.id ?? ""}`;
    await host.gateway.app.inject({ url: `${url}/events`, headers: host.headers });
    return { host, job: (await host.call("GET", url)).body as unknown as JobView };
  };

  await t.test("S3: a backup that a stop has cut off is gone on with by the next start", async (t) => {
    const stopped = await cutOff(t);
    const { bucket, id } = stopped;
    const { host, job } = await resumption(stopped);
    t.match(job, { state: "succeeded", result: { resumedParts: 1 } });
    const key = String(job.result?.["key"]);
    t.ok((await readStoredArchive(s3.settings(bucket), key)).indexSha256);
    t.strictSame(await s3.unfinishedUploads(bucket), []);
    t.match((await host.call("GET", `/api/admin/jobs/${id}`)).body, { state: "interrupted" });
  });

  await t.test("S3: a backup on a base that a stop has cut off is made anew", async (t) => {
    const stopped = await cutOff(t, { onBase: true });
    const { bucket } = stopped;
    const { job } = await resumption(stopped);
    t.match(job, { state: "succeeded", result: { mode: "incremental" } });
    t.ok((await readStoredArchive(s3.settings(bucket), String(job.result?.["key"]))).indexSha256);
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });

  await t.test(
    "S3: an upload of what has become small since does not keep it from being stored",
    async (t) => {
      const stopped = await cutOff(t);
      const { bucket, large } = stopped;
      rmSync(large);
      const { job } = await resumption(stopped);
      t.match(job, { state: "succeeded" });
      t.ok((await readStoredArchive(s3.settings(bucket), String(job.result?.["key"]))).indexSha256);
      t.strictSame(await s3.unfinishedUploads(bucket), []);
    },
  );
}
