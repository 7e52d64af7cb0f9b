import t from "tap";
import { Value } from "@openclaw/schema";
import { BackupConfigSchema, type BackupConfig } from "../config.js";
import { backupRefusal, grantedDestinations, rightsOf } from "./tenant-rights.js";

/** The section `tenants` of a config, with its defaults. */
function tenants(section: object): BackupConfig["tenants"] {
  const filled = Value.Default(BackupConfigSchema, { tenants: section });
  return Value.Parse(BackupConfigSchema, filled).tenants;
}

const config = {
  tenants: tenants({}),
  destinations: {
    shared: { url: "s3://shared", tenants: ["*"] },
    eu: { url: "s3://eu", tenants: ["eu-*", "acme"] },
    offsite: { url: "s3://offsite" },
    nobody: { url: "s3://nobody", tenants: [] },
  },
};

await t.test("a tenant reaches the destinations that are granted to it, and no others", (t) => {
  const refusal = (tenant: string, to: string): string | undefined => backupRefusal(config, tenant, { to });
  t.equal(refusal("acme", "dest:shared"), undefined);
  t.equal(refusal("acme", "dest:shared/"), undefined);
  t.equal(refusal("acme", "dest:eu"), undefined);
  t.equal(refusal("eu-1", "dest:eu"), undefined);
  for (const [tenant, to] of [
    ["us-1", "dest:eu"],
    ["acme2", "dest:eu"],
    ["acme", "dest:offsite"],
    ["acme", "dest:nobody/"],
    ["acme", "dest:none"],
    ["acme", "dest:constructor"],
    ["acme", "dest:{tenant}"],
  ] as const) {
    t.match(refusal(tenant, to), /^the destination '.*' is not granted to it/, `${tenant} ${to}`);
  }
  t.end();
});

await t.test("a tenant chooses no place of its own", (t) => {
  for (const to of [
    "dest:shared/tenants/other/x.tar.zst",
    "dest:shared/sub/",
    "dest:shared//",
    "dest:",
    "s3://shared/",
    "s3://shared",
    "/var/backups/openclawmu/",
    " dest:shared",
  ]) {
    t.match(backupRefusal(config, "acme", { to }), /^it may name a destination only/, to);
  }
  t.end();
});

await t.test("the default destination is every tenant's, unless it is one that has to be granted", (t) => {
  t.equal(backupRefusal(config, "acme", {}), undefined);
  t.equal(backupRefusal({ ...config, defaultDestination: "eu" }, "acme", {}), undefined);
  t.match(
    backupRefusal({ ...config, defaultDestination: "offsite" }, "acme", {}),
    /'offsite' is not granted/,
  );
  t.end();
});

await t.test("nothing is allowed where tenants make no backups themselves", (t) => {
  const refusal = (section: object): string | undefined =>
    backupRefusal({ ...config, tenants: tenants(section) }, "acme", { to: "dest:shared" });
  t.match(refusal({ selfBackup: false }), /selfBackup/);
  t.match(refusal({ perTenant: { acme: { selfBackup: false } } }), /selfBackup/);
  t.equal(refusal({ perTenant: { other: { selfBackup: false } } }), undefined);
  t.equal(refusal({ selfBackup: false, perTenant: { acme: { selfBackup: true } } }), undefined);
  t.end();
});

await t.test("what an admin says of one tenant goes before what is said of all", (t) => {
  const section = tenants({
    selfRestore: true,
    quotas: { backupsPerDay: 3, storedBytes: "1GiB" },
    perTenant: { acme: { selfRestore: false, quotas: { backupsPerDay: 10, concurrentJobs: 1 } } },
  });
  t.same(rightsOf({ tenants: section }, "acme"), {
    selfBackup: true,
    selfRestore: false,
    quotas: { backupsPerDay: 10, storedBytes: 1024 ** 3, concurrentJobs: 1 },
  });
  t.same(rightsOf({ tenants: section }, "other"), {
    selfBackup: true,
    selfRestore: true,
    quotas: { backupsPerDay: 3, storedBytes: 1024 ** 3, concurrentJobs: 2 },
  });
  t.same(rightsOf(config, "constructor"), {
    selfBackup: true,
    selfRestore: false,
    quotas: { backupsPerDay: 48, concurrentJobs: 2 },
  });
  t.end();
});

await t.test("what a tenant may name is told to it", (t) => {
  const granted = { defaultDestination: true, destinations: ["shared", "eu"] };
  t.same(grantedDestinations(config, "acme"), granted);
  t.same(grantedDestinations({ ...config, defaultDestination: "shared" }, "acme"), granted);
  t.same(grantedDestinations({ ...config, defaultDestination: "eu" }, "us-1"), {
    defaultDestination: false,
    destinations: ["shared"],
  });
  t.end();
});

await t.test("what costs the gateway's other users something is not a tenant's to choose", (t) => {
  const parameters = { to: "dest:shared", rehash: true, allowUnreadable: true, dryRun: true };
  t.equal(backupRefusal(config, "acme", parameters), undefined);
  for (const more of [{ compressionLevel: 19 }, { limitUpload: "10GiB" }, { overwrite: true }]) {
    const [name = ""] = Object.keys(more);
    t.equal(backupRefusal(config, "acme", { ...parameters, ...more }), `it may not choose ${name}`);
  }
  t.end();
});
