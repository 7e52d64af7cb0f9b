import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

t.test("a gateway without destinations has its default place, and what lies in it", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "workspace/a.txt": "content" });
  const first = await host.job("/api/admin/tenants/acme/backups");
  const { body } = await host.call("GET", "/api/admin/destinations");
  const { size } =
    ((await host.call("GET", "/api/admin/backups")).body["archives"] as { size: number }[])[0] ?? {};
  t.match(first, { state: "succeeded" });
  t.strictSame(body["destinations"], [
    {
      kind: "local",
      url: join(host.stateDir, "backups"),
      isDefault: true,
      recipients: [],
      tenants: ["*"],
      archives: 1,
      bytes: size,
    },
  ]);
});

t.test("destinations are listed with what becomes of archives there, the default one first", async (t) => {
  const directory = join(t.testdir(), "store");
  const host = await testGateway(t, {
    localRoots: [directory],
    defaultDestination: "near",
    destinations: {
      far: {
        url: "s3://bucket/prod/",
        endpoint: "https://user:secret@s3.example.com/",
        region: "eu-1",
        accessKeyId: "AKIASECRET",
        secretAccessKey: "the-secret",
        recipients: [RECIPIENT],
        lock: { mode: "governance", days: 30 },
        tenants: ["acme-*"],
      },
      aws: { url: "s3://bucket", endpoint: "https://" },
      near: { url: directory },
    },
  });
  await host.tenant("acme", { "workspace/a.txt": "content" });
  await host.job("/api/admin/tenants/acme/backups");
  const { body } = await host.call("GET", "/api/admin/destinations");
  const list = body["destinations"] as Record<string, unknown>[];
  t.match(list, [
    { name: "near", kind: "local", url: directory, isDefault: true, archives: 1, recipients: [] },
    { name: "aws", kind: "s3", url: "s3://bucket", isDefault: false, archives: 0, bytes: 0 },
    {
      name: "far",
      kind: "s3",
      url: "s3://bucket/prod/",
      endpoint: "https://s3.example.com",
      region: "eu-1",
      isDefault: false,
      recipients: [RECIPIENT],
      lock: { mode: "governance", days: 30 },
      tenants: ["acme-*"],
      archives: 0,
    },
  ]);
  t.notMatch(JSON.stringify(body), /secret/i);
  t.notOk("endpoint" in (list[1] ?? {}), "an endpoint that is no URL is not shown");
});

t.test("the default place can be a bucket of the environment", async (t) => {
  const place = async (env: Record<string, string>) => {
    const host = await testGateway(t, {}, undefined, [], { env });
    const { body } = await host.call("GET", "/api/admin/destinations");
    return body["destinations"];
  };
  const S3_BUCKET = "bucket";
  t.match(await place({ S3_BUCKET, S3_PREFIX: "prod/eu1" }), [
    { kind: "s3", url: "s3://bucket/prod/eu1", isDefault: true, archives: 0 },
  ]);
});

t.test("endpoint and region of the environment are shown", async (t) => {
  const env = { S3_BUCKET: "bucket", S3_ENDPOINT: "http://127.0.0.1:9", S3_REGION: "here" };
  const host = await testGateway(t, {}, undefined, [], { env });
  t.match((await host.call("GET", "/api/admin/destinations")).body, {
    destinations: [{ url: "s3://bucket", endpoint: "http://127.0.0.1:9", region: "here" }],
  });
});
