import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { TAIL_BYTES } from "../archive/open.js";
import { writeToMemory } from "../archive/testing/write-to-memory.js";
import { startFaultProxy } from "../test-support/fault-proxy.js";
import { testGateway } from "../test-support/gateway.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";

/** As long as a name can be; any bytes but NUL and a slash. */
function randomName(): Buffer {
  return randomBytes(255).map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte)) as Buffer;
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test("S3: one file costs three requests, however long the index is", async (t) => {
    const host = await testGateway(t);
    const tenant = join(t.testdir({ tenant: {} }), "tenant");
    mkdirSync(join(tenant, "files"));
    const wanted = randomBytes(10_000);
    writeFileSync(join(tenant, "wanted"), wanted);
    // Names that do not compress: an index that does not fit what is fetched of the object's end at first.
    for (let i = 0; i < 2400; i++)
      writeFileSync(Buffer.concat([Buffer.from(join(tenant, "files/")), randomName()]), "");
    const small = await writeToMemory(tenant, { exclude: ["files"] });
    const long = await writeToMemory(tenant);
    t.ok(long.bytes.length - small.bytes.length > TAIL_BYTES);

    const bucket = await s3.newBucket();
    const proxy = await startFaultProxy(t, s3.endpoint);
    const options = { endpoint: proxy.endpoint, accessKey: s3.accessKey, secretKey: s3.secretKey };
    for (const [key, { bytes }, cost] of [
      ["small", small, { show: 1, files: 1, cat: 2 }],
      ["long", long, { show: 2, files: 2, cat: 3 }],
    ] as const) {
      await s3.put(bucket, key, bytes);
      const body = { archive: `s3://${bucket}/${key}`, s3: options };
      for (const [route, more] of [
        ["show", {}],
        ["files", { patterns: ["wanted"] }],
        ["cat", { path: "wanted" }],
      ] as const) {
        const before = proxy.seen.length;
        const { gateway, headers } = host;
        const url = `/api/admin/archives/${route}`;
        const answer = await gateway.app.inject({
          method: "POST",
          url,
          headers,
          payload: { ...body, ...more },
        });
        t.equal(answer.statusCode, 200);
        if (route === "cat") t.ok(answer.rawPayload.equals(wanted));
        const seen = proxy.seen.slice(before);
        t.same(seen.length, cost[route], `${route} of the ${key} archive`);
        t.ok(
          seen.every(({ operation }) => operation === "GetObject"),
          "nothing but range reads",
        );
      }
    }
  });

  await t.test("S3: of an archive that the catalogue knows, the index comes with one request", async (t) => {
    const host = await testGateway(t);
    await host.tenant("acme");
    const files = join(host.directory("acme"), "workspace/files");
    mkdirSync(files, { recursive: true });
    for (let i = 0; i < 13_000; i++) writeFileSync(join(files, randomBytes(6).toString("hex")), String(i));
    writeFileSync(join(files, "wanted"), "77");
    const bucket = await s3.newBucket();
    const proxy = await startFaultProxy(t, s3.endpoint);
    const { accessKey, secretKey } = s3;
    const options = { endpoint: proxy.endpoint, accessKey, secretKey };
    const { result } = await host.job("/api/admin/tenants/acme/backups", {
      ...{ to: `s3://${bucket}/acme.tar.zst`, s3: options },
    });
    const before = proxy.seen.length;
    const { gateway, headers } = host;
    const payload = { archive: result?.["archiveId"], path: "workspace/files/wanted", s3: options };
    const answer = await gateway.app.inject({
      ...{ method: "POST", url: "/api/admin/archives/cat", headers, payload },
    });
    t.equal(answer.payload, "77");
    const seen = proxy.seen.slice(before);
    t.same(
      seen.map(({ operation }) => operation),
      ["GetObject", "GetObject"],
    );
    const { archive } = payload;
    const { body } = await host.call("POST", "/api/admin/archives/show", { archive, s3: options });
    t.ok((body["index"] as { readonly bytes: number }).bytes > TAIL_BYTES, "which is a long one");
  });

  await t.test("S3: what is not there is said", async (t) => {
    const host = await testGateway(t);
    const bucket = await s3.newBucket();
    const options = { endpoint: s3.endpoint, accessKey: s3.accessKey, secretKey: s3.secretKey };
    for (const [place, code] of [
      [bucket, "ARCHIVE_NOT_FOUND"],
      [`${bucket}-none`, "BUCKET_NOT_FOUND"],
    ] as const) {
      const body = { archive: `s3://${place}/a.tar.zst`, s3: options };
      t.match((await host.call("POST", "/api/admin/archives/show", body)).body, { code, exitCode: 3 });
    }
  });
}
