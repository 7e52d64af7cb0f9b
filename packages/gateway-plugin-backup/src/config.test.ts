import t from "tap";
import { Value } from "@openclaw/schema";
import { archiveLimits, BackupConfigSchema, parseSize, type BackupConfig } from "./config.js";

function defaults(): BackupConfig {
  return Value.Default(BackupConfigSchema, {}) as BackupConfig;
}

await t.test("an empty section has the documented defaults", (t) => {
  const config = defaults();
  t.ok(Value.Check(BackupConfigSchema, config));
  t.same(config, {
    localRoots: ["/var/backups/openclawmu"],
    destinations: {},
    concurrency: 2,
    compressionThreads: 2,
    compressionLevel: 3,
    exclude: [],
    pruneAfterBackup: false,
    trashHours: 24,
    limits: { entries: 5_000_000, bytes: 1024 ** 4, ratio: 1000 },
    network: { allow: [] },
    notify: [],
    absence: { grace: "1h", except: [] },
    verify: { samplePercentPerDay: 0.3 },
    tenants: {
      selfBackup: true,
      selfRestore: false,
      callsPerMinute: 120,
      quotas: { backupsPerDay: 48, concurrentJobs: 2 },
      perTenant: {},
    },
    signatures: { trusted: [], require: false },
  });
  t.end();
});

await t.test("the example of the contract is accepted", (t) => {
  const example = {
    localRoots: ["/var/backups/openclawmu"],
    destinations: {
      offsite: {
        url: "s3://bucket/prefix",
        endpoint: "https://store.example",
        region: "eu-1",
        pathStyle: true,
        accessKeyId: { env: "S3_ACCESS_KEY_ID" },
        secretAccessKey: { file: "/run/secrets/key" },
        tenants: ["acme", "eu-*"],
      },
    },
    defaultDestination: "offsite",
    concurrency: 2,
    exclude: ["**/node_modules/**"],
    retention: { keepDaily: 7, keepWeekly: 4, keepMonthly: 12 },
    pathPrefix: "prod/eu1",
    pipe: { allow: { age: { path: "/usr/bin/age", options: ["-e", "-d"] } } },
    trashHours: 24,
    limits: { entries: 5e6, bytes: "1TiB", ratio: 1000 },
    notify: [],
    verify: { samplePercentPerDay: 5 },
    tenants: { selfBackup: true, selfRestore: false },
  };
  t.ok(Value.Check(BackupConfigSchema, Value.Default(BackupConfigSchema, example)));
  t.end();
});

await t.test("unknown keys and values out of range are not", (t) => {
  for (const section of [
    { concurency: 2 },
    { concurrency: 0 },
    { localRoots: ["relative"] },
    { destinations: { "Not A Name": { url: "s3://b" } } },
    { destinations: { x: { url: "ftp://b" } } },
    { limits: { bytes: "many" } },
    { tenants: { quotas: { backupsPerDay: -1 } } },
    { tenants: { quotas: { concurrentJobs: 0 } } },
    { tenants: { perTenant: { "No Id": {} } } },
    { tenants: { perTenant: { acme: { destinations: ["*"] } } } },
    { verify: { samplePercentPerDay: 0.2 } },
    { compressionLevel: 20 },
    { limitUpload: 1000 },
    { limitUpload: "0KiB" },
    { limitDownload: "10MB" },
    { destinations: { x: { url: "s3://b", maxParts: 20_000 } } },
    { destinations: { x: { url: "s3://b", tenants: "acme" } } },
  ]) {
    t.notOk(Value.Check(BackupConfigSchema, { ...defaults(), ...section }), JSON.stringify(section));
  }
  t.end();
});

await t.test("limits of rate and of parts are accepted", (t) => {
  const x = { url: "s3://b", maxParts: 1000, equalParts: true };
  const section = { limitUpload: 1024, limitDownload: "1.5MiB", destinations: { x } };
  t.ok(Value.Check(BackupConfigSchema, { ...defaults(), ...section }));
  t.end();
});

await t.test("sizes have binary units", (t) => {
  t.equal(parseSize(17), 17);
  t.equal(parseSize("17B"), 17);
  t.equal(parseSize("1 KiB"), 1024);
  t.equal(parseSize("1.5MiB"), 1.5 * 1024 ** 2);
  t.equal(parseSize("1TiB"), 1024 ** 4);
  t.equal(
    archiveLimits({ ...defaults(), limits: { entries: 1, bytes: "2GiB", ratio: 3 } }).bytes,
    2 * 1024 ** 3,
  );
  t.end();
});
