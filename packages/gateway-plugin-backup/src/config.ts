/**
 * The plugin's section of openclaw.json: one schema for checking, defaults and types. The host checks the section
 * against it before the plugin sees it.
 */
import { type Static, Type, Value } from "@openclaw/schema";
import { DEFAULT_LIMITS, type ArchiveLimits } from "./archive/format.js";
import { AbsenceSchema, NotifySchema } from "./jobs/alerts/schema.js";
import { retentionProperties } from "./jobs/retention/schema.js";

const strict = { additionalProperties: false } as const;

/** A secret itself, or where it stands. */
const Secret = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Object({ env: Type.String({ minLength: 1 }) }, strict),
  Type.Object({ file: Type.String({ minLength: 1 }) }, strict),
]);

/** Bytes: a number, or a number with a binary unit (`"1TiB"`). */
const Size = Type.Union([
  Type.Integer({ minimum: 1 }),
  Type.String({ pattern: "^[0-9]+(\\.[0-9]+)?\\s*(B|KiB|MiB|GiB|TiB|PiB)$" }),
]);

/** Bytes per second, from 1 KiB on: what is slower ends in timeouts. */
export const RateSchema = Type.Union(
  [
    Type.Integer({ minimum: 1024 }),
    Type.String({ pattern: "^[1-9][0-9]*(\\.[0-9]+)?\\s*(KiB|MiB|GiB)$", maxLength: 32 }),
  ],
  { description: 'Bytes per second of one job, at least 1024, as a number or with a unit: "10MiB".' },
);

/** What a store that is not like AWS wants of the parts of an object. */
const partLimitProperties = {
  maxParts: Type.Optional(
    Type.Integer({
      minimum: 100,
      maximum: 10_000,
      description: "How many parts the store takes for one object; default 10000.",
    }),
  ),
  equalParts: Type.Optional(
    Type.Boolean({ description: "The store wants all parts of an object but the last to have one size." }),
  ),
};

const Retention = Type.Object(retentionProperties, strict);

const TenantRetention = Type.Record(
  Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,31}$" }),
  Retention,
  strict,
);

/** Bounds of the quotas on what a tenant starts by itself. */
const quotaOf = {
  backupsPerDay: { minimum: 0, maximum: 100_000, description: "Backups that begin within 24 hours." },
  concurrentJobs: { minimum: 1, maximum: 1000, description: "Jobs that wait or run at one time." },
} as const;

/** How long what is removed stays to be brought back. */
const trashHours = { minimum: 0, maximum: 8760 } as const;

const Destination = Type.Object(
  {
    url: Type.String({ pattern: "^(s3://|/)", description: "s3://bucket/prefix, or an absolute path." }),
    endpoint: Type.Optional(Type.String({ pattern: "^https?://" })),
    region: Type.Optional(Type.String({ minLength: 1 })),
    pathStyle: Type.Optional(Type.Boolean()),
    accessKeyId: Type.Optional(Secret),
    secretAccessKey: Type.Optional(Secret),
    sessionToken: Type.Optional(Secret),
    profile: Type.Optional(Type.String({ minLength: 1 })),
    tenants: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        description:
          "Globs of the tenants that may use it by themselves, in schedules of their own; none if absent.",
      }),
    ),
    recipients: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
        minItems: 1,
        maxItems: 100,
        description: "Public keys of age (age1…): archives that come here are encrypted to them.",
      }),
    ),
    ...partLimitProperties,
    retention: Type.Optional(Retention),
    tenantRetention: Type.Optional(TenantRetention),
    trashHours: Type.Optional(Type.Number(trashHours)),
    lock: Type.Optional(
      Type.Object(
        {
          mode: Type.Union([Type.Literal("governance"), Type.Literal("compliance")]),
          days: Type.Integer({ minimum: 1, maximum: 36_500 }),
        },
        {
          ...strict,
          description: "Object lock: nobody can remove or replace an archive for so long after it was made.",
        },
      ),
    ),
  },
  strict,
);

const PipeProgram = Type.Object(
  {
    path: Type.String({ pattern: "^/" }),
    options: Type.Array(Type.String({ pattern: "^-[^\\s=]+=?$" }), {
      description: "Options that may be given; `-k=` for one that a value follows. Those of age are known.",
    }),
  },
  strict,
);

export const BackupConfigSchema = Type.Object(
  {
    localRoots: Type.Array(Type.String({ pattern: "^/" }), {
      default: ["/var/backups/openclawmu"],
      description: "Directories of the gateway's machine where --to and --from may point.",
    }),
    destinations: Type.Record(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" }), Destination, {
      ...strict,
      default: {},
    }),
    defaultDestination: Type.Optional(Type.String({ minLength: 1 })),
    pathPrefix: Type.Optional(Type.String({ pattern: "^[^/].*$" })),
    concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 2, description: "Jobs that run at once." }),
    compressionThreads: Type.Integer({ minimum: 1, maximum: 64, default: 2, description: "Per job." }),
    compressionLevel: Type.Integer({ minimum: 1, maximum: 19, default: 3 }),
    limitUpload: Type.Optional(RateSchema),
    limitDownload: Type.Optional(RateSchema),
    exclude: Type.Array(Type.String({ minLength: 1 }), { default: [] }),
    trashHours: Type.Number({ ...trashHours, default: 24 }),
    limits: Type.Object(
      {
        entries: Type.Integer({ minimum: 1, default: DEFAULT_LIMITS.entries }),
        bytes: Type.Union([...Size.anyOf], { default: DEFAULT_LIMITS.bytes }),
        ratio: Type.Number({ minimum: 1, default: DEFAULT_LIMITS.ratio }),
      },
      { ...strict, default: {} },
    ),
    network: Type.Object(
      {
        allow: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            "Link-local and metadata addresses, or networks of them, that endpoints and alerts may lead to.",
        }),
      },
      { ...strict, default: {} },
    ),
    retention: Type.Optional(Retention),
    tenantRetention: Type.Optional(TenantRetention),
    pruneAfterBackup: Type.Boolean({
      default: false,
      description:
        "Prune the directory or prefix that a successful backup went to, by the configured policy.",
    }),
    pipe: Type.Optional(
      Type.Object(
        { allow: Type.Optional(Type.Record(Type.String({ pattern: "^[A-Za-z0-9._-]+$" }), PipeProgram)) },
        strict,
      ),
    ),
    notify: NotifySchema,
    absence: AbsenceSchema,
    verify: Type.Object(
      {
        samplePercentPerDay: Type.Number({
          minimum: 0.28,
          maximum: 100,
          default: 0.3,
          description:
            "How much of an archive a sample looks at for each day since the last; at least all in a year.",
        }),
      },
      { ...strict, default: {} },
    ),
    signatures: Type.Object(
      {
        trusted: Type.Array(Type.String({ pattern: "^ed25519:[A-Za-z0-9+/]{43}=$" }), {
          default: [],
          description: "Ids of the keys whose archives are trusted, besides the gateway's own.",
        }),
        require: Type.Boolean({
          default: false,
          description: "Restore and check only archives that a trusted key has signed.",
        }),
      },
      { ...strict, default: {} },
    ),
    tenants: Type.Object(
      {
        selfBackup: Type.Boolean({
          default: true,
          description:
            "Tenants may back themselves up: to the default destination, and to those granted to them.",
        }),
        selfRestore: Type.Boolean({
          default: false,
          description: "Tenants may restore themselves from archives of their own, and take that back.",
        }),
        callsPerMinute: Type.Integer({
          minimum: 1,
          default: 120,
          description: "Calls that each tenant may make about backups in a minute.",
        }),
        quotas: Type.Object(
          {
            backupsPerDay: Type.Integer({ ...quotaOf.backupsPerDay, default: 48 }),
            storedBytes: Type.Optional(Size),
            concurrentJobs: Type.Integer({ ...quotaOf.concurrentJobs, default: 2 }),
          },
          { ...strict, default: {}, description: "Of what each tenant starts by itself." },
        ),
        perTenant: Type.Record(
          Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,31}$" }),
          Type.Object(
            {
              selfBackup: Type.Optional(Type.Boolean()),
              selfRestore: Type.Optional(Type.Boolean()),
              quotas: Type.Optional(
                Type.Object(
                  {
                    backupsPerDay: Type.Optional(Type.Integer(quotaOf.backupsPerDay)),
                    storedBytes: Type.Optional(Size),
                    concurrentJobs: Type.Optional(Type.Integer(quotaOf.concurrentJobs)),
                  },
                  strict,
                ),
              ),
            },
            strict,
          ),
          { ...strict, default: {}, description: "By tenant: what goes before the above." },
        ),
      },
      { ...strict, default: {} },
    ),
  },
  strict,
);

export type BackupConfig = Static<typeof BackupConfigSchema>;
export type DestinationConfig = Static<typeof Destination>;
export type SecretReference = Static<typeof Secret>;

/** The section as the host has checked it; the defaults where there is none. */
export function backupConfig(checked: unknown): BackupConfig {
  return Value.Default(BackupConfigSchema, checked ?? {}) as BackupConfig;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes of a size as config writes it; the schema has checked the form. */
export function parseSize(size: number | string): number {
  if (typeof size === "number") return size;
  const unit = UNITS.findLastIndex((name) => size.endsWith(name));
  return Math.floor(Number.parseFloat(size) * 1024 ** unit);
}

export function archiveLimits(config: BackupConfig): ArchiveLimits {
  return { ...config.limits, bytes: parseSize(config.limits.bytes) };
}
