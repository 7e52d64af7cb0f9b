/** Earlier archives that are of no use: then the backup is a full one, and says why. */
import { s3ForTests, startFaultProxy } from "@openclaw/gateway-plugin-backup/testing";
import { statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { archivePlaces } from "./support/archive-places.js";
import { Bed } from "./support/bed.js";
import { Noise } from "./support/seeded.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

/** Two stretches that can be copied, however little of the first is left. */
const LARGE_BYTES = [6_000_000, 7_000_000] as const;

async function makeTenant(bed: Bed): Promise<void> {
  await bed.createTenant("acme");
  const workspace = join(bed.gateway.tenantDirectory("acme"), "workspace");
  LARGE_BYTES.forEach((bytes, n) => writeFileSync(join(workspace, `large-${n}`), new Noise(n).read(bytes)));
}

/** An archive gives the tenant back as it is. */
async function isWhole(t: Test, bed: Bed, location: string): Promise<void> {
  const as = (await bed.cli.ok(["tenants", "list", "--names"])).includes("copy") ? ["--force"] : [];
  await bed.restore("--from", location, "--as", "copy", ...as);
  const [source, restored] = ["acme", "copy"].map((id) => bed.gateway.tenantDirectory(id));
  const differences = diffTrees(source ?? "", restored ?? "").filter(
    ({ path }) => path !== "" && path !== "tenant.json",
  );
  t.equal(describeDifferences(differences), "", `${location} is whole`);
}

for (const { name, open } of await archivePlaces(t)) {
  t.test(`${name}: a base that was altered, or is gone, is not used`, async (t) => {
    const { bed, read, put, remove } = await open(t);
    await makeTenant(bed);
    const first = (await bed.backup("acme")).result;
    const bytes = await read(first.location);
    bytes[5_000_000] = (bytes[5_000_000] ?? 0) ^ 1;
    await put(first.location, bytes);
    // As if nothing had been written: the time of a file is its owner's to set.
    if (name !== "S3") {
      const { atime, mtime } = statSync(first.location);
      utimesSync(first.location, atime, mtime);
    }
    const second = (await bed.backup("acme")).result;
    t.match(second, { mode: "full", fullReason: "the base is not what it was", bytes: { reused: 0 } });
    await isWhole(t, bed, second.location);

    await remove(second.location);
    const third = (await bed.backup("acme")).result;
    t.match(third, { mode: "full", fullReason: "the base is gone", bytes: { reused: 0 } });
    t.match((await bed.backup("acme")).result, { mode: "incremental", base: third.archiveId });
  });

  t.test(`${name}: another tenant of the same name is no base, whatever it holds`, async (t) => {
    const { bed } = await open(t);
    await makeTenant(bed);
    await bed.backup("acme");
    await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
    await makeTenant(bed);
    const { result } = await bed.backup("acme");
    t.match(result, { mode: "full", fullReason: "there is no earlier archive in this store" });
  });
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const setUp = async (t: Test) => {
    const proxy = await startFaultProxy(t, s3.endpoint);
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t, { env: s3.environment(bucket, proxy.endpoint) });
    await makeTenant(bed);
    const { location, archiveId } = (await bed.backup("acme")).result;
    return { bed, proxy, bucket, location, archiveId };
  };

  t.test("a store that cannot copy is asked once, and gets full uploads", async (t) => {
    const { bed, proxy } = await setUp(t);
    proxy.inject({
      when: "UploadPartCopy",
      fault: { kind: "refuse", status: 501, name: "NotImplemented" },
      times: Infinity,
    });
    const second = (await bed.backup("acme")).result;
    t.match(second, { mode: "full", fullReason: "the store cannot copy", bytes: { reused: 0 } });
    await isWhole(t, bed, second.location);
    const asked = proxy.count("UploadPartCopy");
    t.match((await bed.backup("acme")).result, { mode: "full", fullReason: "the store cannot copy" });
    t.equal(proxy.count("UploadPartCopy"), asked, "it is remembered");
    proxy.heal();
    await bed.gateway.stop();
    await bed.restart();
    t.match((await bed.backup("acme")).result, { mode: "incremental" }, "until the next start");
  });

  t.test("a store that wants equal parts gets them, once it has said so", async (t) => {
    const { bed, proxy } = await setUp(t);
    proxy.inject({
      when: "CompleteMultipartUpload",
      fault: { kind: "refuse", status: 400, name: "InvalidPart" },
    });
    const second = (await bed.backup("acme")).result;
    t.match(second, { mode: "full", fullReason: "the store refused the parts", bytes: { reused: 0 } });
    const before = proxy.seen.length;
    const third = (await bed.backup("acme")).result;
    t.match(third, { mode: "incremental", base: second.archiveId });
    const ranges = proxy.seen
      .slice(before)
      .map(({ headers }) => /^bytes=(\d+)-(\d+)$/.exec(String(headers["x-amz-copy-source-range"])))
      .filter((range) => range !== null)
      .map(([, start, end]) => Number(end) + 1 - Number(start));
    t.same(new Set(ranges), new Set([8 * 1024 * 1024]), "what is copied has the size of the other parts");
    await isWhole(t, bed, third.location);
  });

  t.test("a base that vanishes between its choice and its use means a full upload", async (t) => {
    const { bed, proxy, bucket, location } = await setUp(t);
    // What was found of the base is on its way to the gateway when it goes.
    proxy.inject({ when: "CreateMultipartUpload", fault: { kind: "slow", bytesPerSecond: 50 } });
    const running = bed.backup("acme");
    await proxy.until(
      () => proxy.seen.filter(({ operation }) => operation === "CreateMultipartUpload").length > 1,
    );
    await s3.remove(bucket, location.split("/").slice(3).join("/"));
    const { result } = await running;
    t.match(result, { mode: "full", fullReason: "the base is gone", bytes: { reused: 0 } });
    await isWhole(t, bed, result.location);
    t.same(await s3.unfinishedUploads(bucket), []);
  });

  t.test("a store that copies something else than it was told is noticed", async (t) => {
    const { bed, proxy, bucket, location } = await setUp(t);
    // What is read back of the new archive, but for its end, is not what the base held: not even the shortest segments.
    proxy.inject({
      when: ({ operation, path, headers: { range } }) =>
        operation === "GetObject" && !location.endsWith(path) && /^bytes=\d/.test(range ?? ""),
      fault: { kind: "corrupt-answer", at: 20 },
      times: Infinity,
    });
    const { result } = await bed.backup("acme");
    const fullReason = "what the store had copied was not what the earlier archive held";
    t.match(result, { mode: "full", fullReason, bytes: { reused: 0 } });
    proxy.heal();
    t.equal((await s3.objects(bucket)).length, 2, "what had been copied does not stay");
    await isWhole(t, bed, result.location);
  });
}
