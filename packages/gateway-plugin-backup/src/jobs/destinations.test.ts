import t from "tap";
import { Value } from "@openclaw/schema";
import { BackupConfigSchema, type BackupConfig } from "../config.js";
import { addressOf, Destinations, storeColumns } from "./destinations.js";

const NOW = Date.UTC(2026, 2, 7, 2, 0, 0, 123);

const base = Value.Default(BackupConfigSchema, {}) as BackupConfig;

const secrets: Readonly<Record<string, string>> = { OFFSITE_KEY: "AK", OFFSITE_SECRET: "SK" };

function destinations(config: Partial<BackupConfig> = {}, env: Record<string, string> = {}): Destinations {
  return new Destinations({
    config: { ...base, ...config },
    env,
    embedded: "/state/backups",
    resolveSecret: (reference) => {
      if (typeof reference === "string") return reference;
      return ("env" in reference ? secrets[reference.env] : undefined) ?? "";
    },
  });
}

const offsite = {
  url: "s3://archive/prod",
  endpoint: "https://store.example",
  accessKeyId: { env: "OFFSITE_KEY" },
  secretAccessKey: { env: "OFFSITE_SECRET" },
};

await t.test(
  "without --to and without config, archives go to the embedded store under an automatic name",
  (t) => {
    const target = destinations().target(undefined, "acme", NOW);
    t.equal(target.location, "/state/backups/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
    t.equal(target.isAutomatic, true);
    t.same(target.settings, { kind: "local", roots: ["/var/backups/openclawmu", "/state/backups"] });
    t.end();
  },
);

await t.test("the addresses that config allows go along with each S3 store", (t) => {
  const allow = ["169.254.7.7/32"];
  const { settings } = destinations({ network: { allow } }).target("s3://bucket/x/", "acme", NOW);
  t.match(settings, { kind: "s3", allowAddresses: allow });
  t.notHas(destinations().target("s3://bucket/x/", "acme", NOW).settings, { allowAddresses: Array });
  t.end();
});

await t.test("a trailing slash means the automatic name below it", (t) => {
  const target = destinations().target("s3://bucket/x/", "acme", NOW);
  t.equal(target.location, "s3://bucket/x/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.equal(destinations().target("s3://bucket", "acme", NOW).key, "tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.equal(
    destinations().target("/var/backups/openclawmu/", "acme", NOW).key,
    "/var/backups/openclawmu/tenants/acme/2026-03-07T02-00-00Z.tar.zst",
  );
  t.end();
});

await t.test("placeholders are filled in, other text stays", (t) => {
  const { key, isAutomatic } = destinations().target(
    "s3://bucket/{tenant}/{date}-{timestamp}-{x}.zst",
    "acme",
    NOW,
  );
  t.equal(key, "acme/2026-03-07-2026-03-07T02-00-00Z-{x}.zst");
  t.equal(isAutomatic, false);
  t.end();
});

await t.test("the default destination's prefix and pathPrefix come before the automatic name", (t) => {
  const target = destinations({
    destinations: { offsite },
    defaultDestination: "offsite",
    pathPrefix: "eu1",
  }).target(undefined, "acme", NOW);
  t.equal(target.location, "s3://archive/prod/eu1/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.match(target.settings, {
    kind: "s3",
    endpoint: "https://store.example",
    credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
  });
  t.end();
});

await t.test("a key behind dest:NAME is taken as it is, below the destination's url", (t) => {
  const { location } = destinations({ destinations: { offsite }, pathPrefix: "eu1" }).target(
    "dest:offsite/a/b.zst",
    "acme",
    NOW,
  );
  t.equal(location, "s3://archive/prod/a/b.zst");
  t.end();
});

await t.test("the gateway's S3_* environment is the default where no destination is configured", (t) => {
  const env = { S3_BUCKET: "envbucket", S3_PREFIX: "ns/release", S3_ENDPOINT: "http://127.0.0.1:9000" };
  const target = destinations(
    {},
    { ...env, S3_ACCESS_KEY_ID: "A", S3_SECRET_ACCESS_KEY: "S", S3_REGION: "r" },
  ).target(undefined, "acme", NOW);
  t.equal(target.location, "s3://envbucket/ns/release/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.match(target.settings, {
    endpoint: "http://127.0.0.1:9000",
    region: "r",
    credentials: { accessKeyId: "A" },
  });
  t.end();
});

await t.test(
  "an s3:// URL takes its settings from the flags, then the longest matching destination, then S3_*",
  (t) => {
    const env = { S3_ENDPOINT: "http://env", S3_ACCESS_KEY_ID: "EA", S3_SECRET_ACCESS_KEY: "ES" };
    const all = destinations(
      {
        destinations: {
          wide: { url: "s3://archive", endpoint: "https://wide" },
          offsite,
          lookalike: { url: "s3://archive/production", endpoint: "https://lookalike" },
        },
      },
      env,
    );
    const endpointOf = (url: string, flags = {}): unknown => {
      const { settings } = all.target(url, "acme", NOW, flags);
      return settings.kind === "s3" ? settings.endpoint : undefined;
    };
    t.equal(endpointOf("s3://archive/prod/a.zst"), "https://store.example");
    t.equal(endpointOf("s3://archive/prodigy/a.zst"), "https://wide");
    t.equal(endpointOf("s3://other/a.zst"), "http://env");
    t.equal(endpointOf("s3://archive/prod/a.zst", { endpoint: "http://flag" }), "http://flag");
    const flagged = all.target("s3://archive/prod/a.zst", "acme", NOW, {
      accessKey: "FA",
      secretKey: "FS",
    }).settings;
    t.match(flagged, { credentials: { accessKeyId: "FA", secretAccessKey: "FS" } });
    t.match(all.target("s3://other/a", "acme", NOW, { profile: "p" }).settings, {
      credentials: { profile: "p" },
    });
    t.end();
  },
);

await t.test("half a key pair, an unknown destination and a name that ends nowhere are refused", (t) => {
  const all = destinations({ destinations: { offsite } });
  t.throws(() => all.target("s3://b-1/x", "acme", NOW, { accessKey: "A" }), { code: "CREDENTIALS_MISSING" });
  t.throws(() => all.target("dest:nowhere/x", "acme", NOW), {
    code: "DESTINATION_UNKNOWN",
    message: /known are offsite/,
  });
  t.throws(() => destinations({ defaultDestination: "nowhere" }), { code: "DESTINATION_UNKNOWN" });
  const lock = { mode: "governance", days: 30 } as const;
  t.throws(() => destinations({ destinations: { disk: { url: "/backups", lock } } }), {
    code: "REQUEST_INVALID",
    message: /Destination disk .*only S3 stores have object lock/,
  });
  t.doesNotThrow(() => destinations({ destinations: { vault: { ...offsite, lock } } }));
  t.throws(() => all.source("s3://bucket/dir/"), { code: "LOCATION_INVALID" });
  t.end();
});

await t.test("temporary keys come with their session token, wherever keys come from", (t) => {
  const temporary = { ...offsite, sessionToken: { env: "OFFSITE_KEY" } };
  const keys = { S3_ACCESS_KEY_ID: "EA", S3_SECRET_ACCESS_KEY: "ES", S3_SESSION_TOKEN: "ET" };
  const all = destinations({ destinations: { temporary } }, keys);
  const credentials = (to: string, s3 = {}): unknown => {
    const { settings } = all.target(to, "acme", NOW, s3);
    t.notMatch(JSON.stringify(addressOf(settings)), /AK|SK|ET|FT/);
    return settings.kind === "s3" && settings.credentials;
  };
  const given = { accessKey: "FA", secretKey: "FS", sessionToken: "FT" };
  t.strictSame(credentials("dest:temporary/a"), {
    ...{ accessKeyId: "AK", secretAccessKey: "SK", sessionToken: "AK" },
  });
  t.strictSame(credentials("s3://other/a"), {
    ...{ accessKeyId: "EA", secretAccessKey: "ES", sessionToken: "ET" },
  });
  t.strictSame(credentials("dest:temporary/a", given), {
    ...{ accessKeyId: "FA", secretAccessKey: "FS", sessionToken: "FT" },
  });
  t.throws(() => credentials("dest:temporary/a", { sessionToken: "FT" }), {
    code: "CREDENTIALS_MISSING",
    message: /^Not both of --access-key and --secret-key/,
  });
  const half = destinations({
    destinations: { half: { url: "s3://bucket", accessKeyId: { env: "OFFSITE_KEY" } } },
  });
  t.throws(() => half.target("dest:half/a", "acme", NOW), { message: /of the destination half are given/ });
  t.end();
});

await t.test("an endpoint that holds more than an address is refused before anything is noted of it", (t) => {
  for (const endpoint of ["http://user:s3cr3t@host", "https://host/?key=s3cr3t"])
    t.throws(() => destinations().target("s3://bucket/a", "acme", NOW, { endpoint }), {
      code: "REQUEST_INVALID",
      message: /^(?!.*s3cr3t)/,
    });
  t.end();
});

await t.test("what the ledger remembers of a store holds no key, and finds its settings again", (t) => {
  const all = destinations({ destinations: { offsite } });
  const { settings, key } = all.target("s3://archive/prod/a.zst", "acme", NOW);
  const address = addressOf(settings);
  t.notMatch(JSON.stringify(address), /AK|SK/);
  t.same(all.remembered(address, key), settings);
  t.equal(all.remembered({ kind: "s3", bucket: "archive", endpoint: "https://gone" }, key), undefined);
  t.end();
});

await t.test("the archives of a tenant are looked for where the automatic names put them", (t) => {
  t.equal(destinations().tenantPrefix(undefined, "acme").key, "/state/backups/tenants/acme/");
  t.equal(destinations().tenantPrefix("s3://bucket/x/", "acme").key, "x/tenants/acme/");
  t.equal(destinations().tenantPrefix("s3://bucket/x", "acme").key, "x");
  t.end();
});

await t.test("pathPrefix stands before the automatic name in the environment's bucket, too", (t) => {
  const target = (config: Partial<BackupConfig>): string =>
    destinations(config, { S3_BUCKET: "envbucket", S3_ENDPOINT: "" }).target(undefined, "acme", NOW).location;
  t.equal(target({ pathPrefix: "eu1" }), "s3://envbucket/eu1/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.equal(target({}), "s3://envbucket/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.end();
});

await t.test("a destination may be a directory, or a whole bucket", (t) => {
  const all = destinations({
    destinations: {
      disk: { url: "/var/backups/openclawmu/" },
      bucket: { url: "s3://archive", pathStyle: true, profile: "production" },
      odd: { url: "dest:disk" },
    },
  });
  const name = "tenants/acme/2026-03-07T02-00-00Z.tar.zst";
  const location = (to: string): string => all.target(to, "acme", NOW).location;
  t.equal(location("dest:disk"), `/var/backups/openclawmu/${name}`);
  t.equal(location("dest:disk/a/"), `/var/backups/openclawmu/a/${name}`);
  t.equal(location("dest:disk/a.zst"), "/var/backups/openclawmu/a.zst");
  t.equal(location("dest:bucket"), `s3://archive/${name}`);
  const { settings } = all.target("dest:bucket/a.zst", "acme", NOW);
  t.match(settings, {
    ...{ kind: "s3", pathStyle: true, destination: "bucket" },
    credentials: { profile: "production" },
  });
  t.throws(() => location("dest:odd"), { code: "LOCATION_INVALID", message: /'odd'/ });
  t.end();
});

await t.test("a destination says what its store wants of parts", (t) => {
  const all = destinations({
    destinations: {
      few: { url: "s3://few", maxParts: 1000 },
      equal: { url: "s3://equal", equalParts: true },
      usual: { url: "s3://usual" },
    },
  });
  const limitsOf = (to: string): unknown => {
    const { settings } = all.target(to, "acme", NOW);
    return settings.kind === "s3" && settings.partLimits;
  };
  t.strictSame(limitsOf("dest:few"), { maxParts: 1000 });
  t.strictSame(limitsOf("dest:equal"), { equalParts: true });
  t.strictSame(limitsOf("dest:usual"), undefined);
  t.end();
});

await t.test("a store that was opened through a profile is found again through it", (t) => {
  const all = destinations();
  const { settings, key } = all.target("s3://archive/a.zst", "acme", NOW, { profile: "production" });
  const address = addressOf(settings);
  t.match(address, { profile: "production" });
  t.same(all.remembered(address, key), settings);
  t.end();
});

await t.test("the catalogue tells stores apart by endpoint and bucket", (t) => {
  t.same(storeColumns({ kind: "local", roots: ["/b"] }), { storeKind: "local", endpoint: "", bucket: "" });
  t.same(storeColumns({ kind: "s3", bucket: "b" }), { storeKind: "s3", endpoint: "", bucket: "b" });
  const elsewhere = { kind: "s3", bucket: "b", endpoint: "http://s" } as const;
  t.same(storeColumns(elsewhere), { storeKind: "s3", endpoint: "http://s", bucket: "b" });
  t.end();
});
