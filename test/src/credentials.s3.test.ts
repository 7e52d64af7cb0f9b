/** Backups into a real store by a real gateway, for each way of finding credentials. */
import { AwsServices, s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";

const MiB = 1024 ** 2;
const HOUR_MS = 3_600_000;

/** What the SDK does not wait for: it takes new keys when those it has are good for less than five minutes. */
const SHORT_MS = 60_000;

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const { accessKey, secretKey, endpoint, region } = s3;
  const keys = { accessKey, secretKey };
  const profileOf = (name: string): string =>
    `[${name}]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`;
  const role = "arn:aws:iam::123456789012:role/backup";

  t.test("each way of finding credentials makes an archive that can be verified", async (t) => {
    const bucket = await s3.newBucket();
    const aws = await AwsServices.start(t);
    // A store that is no AWS knows no session tokens.
    aws.keys = { ...keys, expiration: new Date(Date.now() + HOUR_MS) };
    const place = { url: `s3://${bucket}/`, endpoint, region };
    const destination = (name: string, more: object): object => ({
      [name]: { ...place, url: `${place.url}${name}`, ...more },
    });
    const bed = await Bed.start(t, {
      env: {
        ...aws.environment,
        ...{ THE_KEY: accessKey, THE_SECRET: secretKey },
        // Of the default chain this is what answers: IRSA, as in a pod of Kubernetes.
        ...{ AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: join(t.testdirName, "token") },
      },
      backup: {
        destinations: {
          ...destination("irsa", {}),
          ...destination("env", { accessKeyId: { env: "THE_KEY" }, secretAccessKey: { env: "THE_SECRET" } }),
          ...destination("file", { accessKeyId: accessKey, secretAccessKey: { file: "the-secret" } }),
          ...destination("keys", { profile: "keys" }),
          ...destination("role", { profile: "role" }),
          ...destination("process", { profile: "process" }),
          ...destination("web", { profile: "web" }),
          ...destination("denied", { profile: "nobody" }),
        },
      },
    });
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
    };
    t.testdir({ token: "the-token-of-the-pod" });
    const home = (name: string): string => join(bed.gateway.home, name);
    write(join(bed.gateway.stateDirectory, "the-secret"), `${secretKey}\n`);
    write(home(".aws/credentials"), profileOf("keys"));
    write(
      home("process.json"),
      JSON.stringify({ Version: 1, AccessKeyId: accessKey, SecretAccessKey: secretKey }),
    );
    write(
      home(".aws/config"),
      [
        `[profile role]\nrole_arn = ${role}\nsource_profile = keys\n`,
        `[profile process]\ncredential_process = cat ${home("process.json")}\n`,
        `[profile web]\nrole_arn = ${role}\nweb_identity_token_file = ${join(t.testdirName, "token")}\n`,
      ].join("\n"),
    );
    await bed.createTenant("acme");
    for (const name of ["irsa", "env", "file", "keys", "role", "process", "web"]) {
      const { result } = await bed.backup("acme", "--to", `dest:${name}/acme.tar.zst`);
      t.equal(result.location, `s3://${bucket}/${name}/acme.tar.zst`);
      t.match(await bed.cli.run(["backups", "verify", `dest:${name}/acme.tar.zst`]), { code: 0 }, name);
    }
    t.match(
      new Set(aws.of("sts").map(({ action, token }) => `${action} ${token}`)),
      new Set(["AssumeRoleWithWebIdentity the-token-of-the-pod", "AssumeRole "]),
    );
    const denied = await bed.cli.run(["tenants", "backup", "acme", "--to", "dest:denied/"]);
    t.match(denied, {
      code: 5,
      stderr: /\(destination denied\): the profile nobody gives no credentials\n[^]*hint: Profiles stand in/,
    });
    for (const secret of [secretKey, "the-token-of-the-pod"]) t.notMatch(bed.gateway.output, secret);
  });

  t.test("keys that run out while a job runs are replaced by new ones", async (t) => {
    const bucket = await s3.newBucket();
    const aws = await AwsServices.start(t);
    aws.keys = { ...keys, expiration: new Date(Date.now() + SHORT_MS) };
    const bed = await Bed.start(t, {
      env: {
        ...aws.environment,
        ...{ AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: join(t.testdirName, "token") },
        ...{ S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket },
      },
    });
    t.testdir({ token: "the-token-of-the-pod" });
    await bed.createTenant("acme");
    writeFileSync(join(bed.gateway.tenantDirectory("acme"), "random"), randomBytes(40 * MiB));
    const { result } = await bed.backup("acme");
    t.ok(result.bytes.uploaded > 40 * MiB);
    const asked = aws.of("sts").length;
    t.ok(asked >= 3, `the job has asked ${asked} times`);

    // They run out, and there are no new ones: the job fails, and leaves nothing behind.
    aws.refusal = { status: 403, name: "AccessDenied" };
    const failed = await bed.cli.run(["tenants", "backup", "acme"]);
    t.match(failed, {
      code: 5,
      stderr: /AWS STS gave the web identity .* no credentials: AccessDenied.*\n[^]*hint: .*trust policy/,
    });
    t.strictSame(await s3.unfinishedUploads(bucket), []);
    t.equal((await s3.objects(bucket)).length, 1);
  });
}
