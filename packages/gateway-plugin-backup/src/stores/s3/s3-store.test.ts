import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import t, { type Test } from "tap";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import { keysOf, readAll, rejectsWith, storeArchive, storeConformance, testBytes } from "../conformance.js";
import { openStore } from "../open.js";
import type { S3StoreSettings } from "../settings.js";

const MiB = 1024 * 1024;
const options = { overwrite: false, onLeftover: () => Promise.resolve() };

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await storeConformance(t, "S3", async (t) => {
    const bucket = await s3.newBucket();
    const it = openStore(s3.settings(bucket));
    t.teardown(() => it.close());
    return {
      store: it,
      key: (name) => `prefix/${name}`,
      traces: () => s3.unfinishedUploads(bucket),
      // What Ceph does: it heeds the condition on PutObject and ignores it on CompleteMultipartUpload.
      guards: { small: "atomic", large: "checked" },
    };
  });

  await t.test("what was found out about overwriting spares the next store the probe", async (t) => {
    const bucket = await s3.newBucket();
    const first = openStore(s3.settings(bucket));
    t.strictSame(first.abilities(), {});
    await storeArchive(first, "a/small", testBytes(10));
    await storeArchive(first, "a/large", testBytes(9 * MiB));
    const abilities = first.abilities();
    t.strictSame(abilities, { put: true, complete: false });
    first.close();

    const second = openStore({ ...s3.settings(bucket), abilities });
    t.teardown(() => second.close());
    t.equal((await storeArchive(second, "b/small", testBytes(10))).overwriteGuard, "atomic");
    t.equal((await storeArchive(second, "b/large", testBytes(9 * MiB))).overwriteGuard, "checked");
    t.strictSame(
      await keysOf(second.list("")),
      ["a/large", "a/small", "b/large", "b/small"],
      "the probe left nothing",
    );
  });

  await t.test("an endpoint from the environment is used, and not taken for Amazon's", async (t) => {
    const bucket = await s3.newBucket();
    setEnvironment(t, "AWS_ENDPOINT_URL_S3", s3.endpoint);
    const credentials = { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey };
    const it = openStore({ kind: "s3", bucket, credentials, pathStyle: true });
    t.teardown(() => it.close());
    t.equal((await storeArchive(it, "large", testBytes(9 * MiB))).overwriteGuard, "checked");
  });

  await t.test("region and credentials come from the environment where none are set", async (t) => {
    const bucket = await s3.newBucket();
    setEnvironment(t, "AWS_ENDPOINT_URL_S3", s3.endpoint);
    setEnvironment(t, "AWS_REGION", s3.region);
    setEnvironment(t, "AWS_ACCESS_KEY_ID", s3.accessKey);
    setEnvironment(t, "AWS_SECRET_ACCESS_KEY", s3.secretKey);
    const it = openStore({ kind: "s3", bucket, pathStyle: true });
    t.teardown(() => it.close());
    t.equal((await storeArchive(it, "key", testBytes(10))).size, 10);
  });

  await t.test("an endpoint of its own needs no region", async (t) => {
    const { region, ...settings } = s3.settings(await s3.newBucket());
    t.equal(region, "us-east-1", "what is assumed");
    const it = openStore(settings);
    t.teardown(() => it.close());
    t.equal((await storeArchive(it, "key", testBytes(10))).size, 10);
  });

  await t.test("each way of being refused has its own error, and none tells a secret", async (t) => {
    const bucket = await s3.newBucket();
    const good = s3.settings(bucket);
    const credentials = { accessKeyId: s3.accessKey, secretAccessKey: "a-wrong-secret" };
    const cases: [S3StoreSettings, Parameters<typeof rejectsWith>[2]][] = [
      [{ ...good, credentials }, "STORE_DENIED"],
      [{ ...good, credentials: { ...credentials, accessKeyId: "NOBODY" } }, "STORE_DENIED"],
      [{ ...good, bucket: `${bucket}-missing` }, "BUCKET_NOT_FOUND"],
      [{ ...good, bucket: "Not_A_Bucket" }, "BUCKET_NOT_FOUND"],
      [{ ...good, endpoint: "http://127.0.0.1:1" }, "STORE_UNREACHABLE"],
      [{ ...good, endpoint: "http://no-such-host.invalid" }, "STORE_UNREACHABLE"],
      [{ ...good, endpoint: s3.endpoint.replace("http:", "https:") }, "STORE_UNREACHABLE"],
      [{ ...good, credentials: { profile: "no-such-profile" } }, "CREDENTIALS_MISSING"],
    ];
    for (const [settings, code] of cases) {
      const it = openStore(settings);
      const started = performance.now();
      const error = await rejectsWith(t, it.create("key", options), code);
      t.ok(performance.now() - started < 10_000, "soon enough for a person who waits");
      t.notMatch(inspect(error, { depth: null, showHidden: true }), /a-wrong-secret|NOBODY/);
      t.match(error.message, `s3://${settings.bucket}/key`);
      it.close();
    }
  });

  await t.test("every use of a store finds out about a missing bucket", async (t) => {
    const it = openStore(s3.settings("openclaw-test-missing"));
    t.teardown(() => it.close());
    await rejectsWith(t, it.head("key"), "BUCKET_NOT_FOUND");
    await rejectsWith(t, readAll(it, "key"), "BUCKET_NOT_FOUND");
    await rejectsWith(t, it.readTail("key", 10), "BUCKET_NOT_FOUND");
    await rejectsWith(t, keysOf(it.list("")), "BUCKET_NOT_FOUND");
    await rejectsWith(t, it.remove("key"), "BUCKET_NOT_FOUND");
    await it.discard({ kind: "multipart", key: "key", uploadId: "any" });
  });

  await t.test("a profile of the machine's AWS configuration gives the credentials", async (t) => {
    const home = t.testdir({});
    mkdirSync(join(home, ".aws"));
    const profile = `[production]\naws_access_key_id = ${s3.accessKey}\naws_secret_access_key = ${s3.secretKey}\n`;
    writeFileSync(join(home, ".aws", "credentials"), profile);
    setEnvironment(t, "AWS_SHARED_CREDENTIALS_FILE", join(home, ".aws", "credentials"));
    const bucket = await s3.newBucket();
    const it = openStore({ ...s3.settings(bucket), credentials: { profile: "production" } });
    t.teardown(() => it.close());
    t.equal((await storeArchive(it, "key", testBytes(10))).size, 10);
  });

  await t.test("a list of more objects than one answer holds is complete", async (t) => {
    const bucket = await s3.newBucket();
    const it = openStore(s3.settings(bucket));
    t.teardown(() => it.close());
    const keys = Array.from({ length: 1010 }, (_, number) => `many/${String(number).padStart(4, "0")}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => s3.put(bucket, key, Buffer.from("x"))));
    }
    t.strictSame(await keysOf(it.list("many/")), keys);
  });

  await t.test("a store that is closed says so", async (t) => {
    const it = openStore(s3.settings("any-bucket"));
    it.close();
    await rejectsWith(t, it.head("key"), "STORE_FAILED");
  });
}

function setEnvironment(t: Test, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.teardown(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  });
}

t.test("an endpoint that is no plain address is refused before anything is sent", async (t) => {
  for (const endpoint of [
    "127.0.0.1:9000",
    "ftp://host",
    "http://user:secret@host",
    "http://host/?token=secret",
  ]) {
    const open = async (): Promise<unknown> =>
      Promise.resolve(openStore({ kind: "s3", bucket: "bucket", endpoint }));
    const error = await rejectsWith(t, open(), "REQUEST_INVALID");
    t.notMatch(error.message, /secret/);
  }
});
