import t from "tap";
import { startFaultProxy } from "../test-support/fault-proxy.js";
import { history, listed, locationOf, PRUNE, removeJob, withAcme } from "../test-support/pruned-gateway.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const destination = (url: string, endpoint: string): object => ({
    defaultDestination: "offsite",
    destinations: {
      offsite: {
        url,
        endpoint,
        region: s3.region,
        accessKeyId: s3.accessKey,
        secretAccessKey: s3.secretKey,
      },
    },
  });

  await t.test(
    "S3: a prune removes objects, and leaves alone what others have put in their place",
    async (t) => {
      const bucket = await s3.newBucket();
      const host = await withAcme(t, destination(`s3://${bucket}/gw`, s3.endpoint));
      const [replaced, doomed, kept] = await history(host, [3, 2, 0]);
      const keyOf = async (id: string | undefined): Promise<string> =>
        (await locationOf(host, id)).slice(`s3://${bucket}/`.length);
      await s3.put(bucket, await keyOf(replaced), Buffer.from("mine"));
      const doomedKey = await keyOf(doomed);
      t.match((await host.job(PRUNE, { keepLast: 1 })).result, {
        removed: 1,
        lost: [{ id: replaced }],
        archives: [
          { id: kept, keep: true },
          { id: doomed, keep: false },
        ],
      });
      const keys = (await s3.objects(bucket)).map(({ key }) => key);
      t.strictSame(keys.includes(doomedKey), false);
      t.ok(keys.includes(await keyOf(replaced)));
    },
  );

  await t.test("S3: an archive that a slow restore reads stays until the restore has ended", async (t) => {
    const bucket = await s3.newBucket();
    const proxy = await startFaultProxy(t, s3.endpoint);
    const host = await withAcme(t, destination(`s3://${bucket}/gw`, proxy.endpoint));
    const [read, doomed, kept] = await history(host, [2, 1, 0]);
    const before = proxy.count("GetObject");
    proxy.inject({ when: "GetObject", fault: { kind: "stall" } });
    const { body } = await host.call("POST", "/api/admin/restores", { from: read, as: "copy" });
    await proxy.until(() => proxy.count("GetObject") > before);
    t.match((await host.job(PRUNE, { keepLast: 1 })).result, {
      removed: 1,
      archives: [
        { id: kept, keep: true },
        { id: doomed, keep: false },
        { id: read, keep: true, reasons: ["being read"] },
      ],
    });
    t.match(await removeJob(host, read), { state: "failed", error: { code: "ARCHIVE_BUSY" } });
    const { id: restore } = body["job"] as { id: string };
    await host.call("POST", `/api/admin/jobs/${restore}/cancel`, {});
    await host.gateway.app.inject({ url: `/api/admin/jobs/${restore}/events`, headers: host.headers });
    t.match((await host.job(PRUNE, { keepLast: 1 })).result, { removed: 1 });
  });

  await t.test("S3: a store that is down fails the prune before anything is removed", async (t) => {
    const bucket = await s3.newBucket();
    const proxy = await startFaultProxy(t, s3.endpoint);
    const host = await withAcme(t, destination(`s3://${bucket}/gw`, proxy.endpoint));
    await history(host, [1, 0]);
    proxy.inject({ when: "HeadObject", fault: { kind: "refuse", status: 403 }, times: 100 });
    proxy.inject({
      when: "GetObject",
      fault: { kind: "refuse", status: 403, name: "AccessDenied" },
      times: 100,
    });
    t.match(await host.job(PRUNE, { keepLast: 1 }), { state: "failed", error: { code: "STORE_DENIED" } });
    proxy.heal();
    proxy.inject({ when: "DeleteObject", fault: { kind: "refuse", status: 403, name: "AccessDenied" } });
    t.match(await host.job(PRUNE, { keepLast: 1 }), { state: "failed", error: { code: "STORE_DENIED" } });
    t.match(await listed(host), [{ state: "good" }, { state: "good" }], "a refused removal is taken back");
    t.match((await host.job(PRUNE, { keepLast: 1 })).result, { removed: 1 });
  });
}
