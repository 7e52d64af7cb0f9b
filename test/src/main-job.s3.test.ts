import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";
import type { RestoreJob } from "./support/answers.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import type { RunResult } from "./support/run.js";
import { describeDifferences } from "./support/tree-diff.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const { endpoint, region, accessKey, secretKey } = s3;

  t.test("the command lines of the README work as they are written", async (t) => {
    const bucket = await s3.newBucket();
    // Where AWS is for the gateway: the lines with a profile name no endpoint.
    const bed = await Bed.start(t, { env: { AWS_ENDPOINT_URL_S3: endpoint } });
    // A profile is resolved on the gateway's machine, in the home directory of the gateway's user.
    mkdirSync(join(bed.gateway.home, ".aws"), { mode: 0o700 });
    writeFileSync(
      join(bed.gateway.home, ".aws/credentials"),
      `[production]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`,
    );
    writeFileSync(join(bed.gateway.home, ".aws/config"), `[profile production]\nregion = ${region}\n`);
    const env = { S3_AK: accessKey, S3_SK: secretKey };
    const shell = (line: string): Promise<RunResult> => bed.cli.shell(line, { env });
    const succeeds = async (line: string): Promise<string> => {
      const result = await shell(line);
      t.equal(result.code, 0, `${line}\n${result.stderr}`);
      return result.stdout;
    };
    const flags = `--endpoint ${endpoint} --access-key $S3_AK --secret-key $S3_SK`;
    const object = `s3://${bucket}/acme/2026-06-03.tar.zst`;

    t.match(await succeeds("openclaw tenants create acme"), /tk_acme_[0-9a-f]{32}/);
    await succeeds(`openclaw tenants backup acme --to ${object} --aws-profile production`);
    const taken = await shell(`openclaw tenants backup acme --to ${object} ${flags}`);
    t.equal(taken.code, 4, "an archive that is there is not overwritten");
    await succeeds(`openclaw tenants backup acme --to ${object} ${flags} --overwrite`);
    await succeeds(`openclaw tenants restore --from ${object} --as acme-staging ${flags}`);
    t.equal((await shell(`openclaw tenants restore --from ${object} ${flags}`)).code, 4, "the slot is taken");
    await succeeds(`openclaw tenants restore --from ${object} --force ${flags}`);
    await succeeds("openclaw tenants delete acme --confirm");
    await succeeds(`openclaw tenants restore --from ${object} ${flags}`);
    await succeeds("openclaw tenants create third");
    await succeeds(
      `for t in $(openclaw tenants list --names); do ` +
        `openclaw tenants backup $t --to s3://${bucket}/$t/$(date +%F).tar.zst ${flags} || exit; done`,
    );
    const day = new Date().toISOString().slice(0, 10);
    for (const tenant of ["acme", "acme-staging", "third"]) {
      await succeeds(
        `openclaw tenants restore --from s3://${bucket}/${tenant}/${day}.tar.zst --as ${tenant}-2 ${flags}`,
      );
    }
    t.same(await s3.unfinishedUploads(bucket), []);
    t.notMatch(bed.gateway.output, secretKey, "no secret in the log");
  });

  t.test("S3_* in the gateway's environment is the default destination", async (t) => {
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t, { env: s3.environment(bucket) });
    const { databases } = await bed.createFilledTenant("acme", { seed: 8, files: 300, bytes: 20_000_000 });
    const { result } = await bed.backup("acme");
    t.match(
      result.location,
      new RegExp(`^s3://${bucket}/tenants/acme/\\d{4}-\\d\\d-\\d\\dT[0-9-]+Z\\.tar\\.zst$`),
    );
    const restored = await bed.restore("--from", result.location, "--as", "copy");
    t.equal(restored.state, "succeeded");
    const differences = unexplainedDifferences({
      source: bed.gateway.tenantDirectory("acme"),
      restored: bed.gateway.tenantDirectory("copy"),
      renamedTo: "copy",
      databases,
    });
    t.equal(describeDifferences(differences), "");
  });

  t.test("a named destination needs no credentials on the command line", async (t) => {
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t, {
      env: { TEST_ACCESS: accessKey, TEST_SECRET: secretKey },
      backup: {
        destinations: {
          offsite: {
            url: `s3://${bucket}/prefix`,
            endpoint,
            region,
            accessKeyId: { env: "TEST_ACCESS" },
            secretAccessKey: { env: "TEST_SECRET" },
          },
        },
        defaultDestination: "offsite",
        pathPrefix: "prod/eu1",
      },
    });
    await bed.createTenant("acme");
    t.match((await bed.backup("acme")).result.location, `s3://${bucket}/prefix/prod/eu1/tenants/acme/`);
    const { result } = await bed.backup("acme", "--to", "dest:offsite/named.tar.zst");
    t.equal(result.location, `s3://${bucket}/prefix/named.tar.zst`);
    const byUrl = await bed.restore("--from", `s3://${bucket}/prefix/named.tar.zst`, "--as", "copy");
    t.equal(byUrl.state, "succeeded", "the destination with the longest matching prefix gives the settings");
  });

  t.test("the store's refusals are told apart, and leave nothing behind", async (t) => {
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t);
    await bed.createFilledTenant("acme", { seed: 9, files: 150, bytes: 16_000_000 });
    const flags = (secret: string) => [
      "--endpoint",
      endpoint,
      "--access-key",
      accessKey,
      "--secret-key",
      secret,
    ];
    const cases = [
      ["a wrong secret", `s3://${bucket}/a.tar.zst`, flags("wrong-secret"), 5, /HTTP 403/, /secret/],
      [
        "a missing bucket",
        "s3://no-such-bucket-here/a.tar.zst",
        flags(secretKey),
        3,
        /no-such-bucket-here/,
        /bucket/i,
      ],
      [
        "an unreachable endpoint",
        `s3://${bucket}/a.tar.zst`,
        ["--endpoint", "http://127.0.0.1:9", "--access-key", "A", "--secret-key", "S"],
        6,
        /127\.0\.0\.1:9/,
        /endpoint/,
      ],
    ] as const;
    for (const [name, object, s3Flags, code, error, hint] of cases) {
      for (const command of [
        ["backup", "acme", "--to", object],
        ["restore", "--from", object, "--as", "copy"],
      ]) {
        const result = await bed.cli.run(["tenants", ...command, ...s3Flags]);
        const what = `${name}, ${command[0] ?? ""}`;
        t.equal(result.code, code, `${what}: ${result.stderr}`);
        const lines = result.stderr.trimEnd().split("\n");
        t.match(lines.at(-2), /^error: ./, what);
        t.match(lines.at(-2), error, what);
        t.match(lines.at(-1), /^hint: ./, what);
        t.match(lines.at(-1), hint, what);
        t.notMatch(result.stderr + bed.gateway.output, "wrong-secret");
      }
    }
    t.same(await s3.unfinishedUploads(bucket), []);
    const missing = await bed.cli.run([
      "tenants",
      "restore",
      "--from",
      `s3://${bucket}/a.tar.zst`,
      "--as",
      "copy",
      ...flags(secretKey),
    ]);
    t.equal(missing.code, 3, "no attempt has made an object");
    t.equal(((await bed.get("/api/admin/jobs?state=running")) as { jobs: RestoreJob[] }).jobs.length, 0);
  });
}
