/** Request and answer schemas of the plugin's routes: the single source of types, validation and documentation. */
import { type Static, Type } from "@openclaw/schema";
import { RateSchema } from "../config.js";
import { VerifyLevelSchema } from "../jobs/job-types.js";
import { retentionProperties } from "../jobs/retention/schema.js";

const strict = { additionalProperties: false } as const;

export const S3OptionsSchema = Type.Object(
  {
    endpoint: Type.Optional(Type.String({ pattern: "^https?://", maxLength: 2048 })),
    region: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    accessKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    secretKey: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
    sessionToken: Type.Optional(
      Type.String({ minLength: 1, maxLength: 16_384, description: "Of temporary keys." }),
    ),
    profile: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "A profile on the gateway's machine." }),
    ),
    pathStyle: Type.Optional(Type.Boolean()),
  },
  { ...strict, description: "S3 settings of this request only; keys stay in the job's memory." },
);

export const DecryptSchema = Type.Object(
  {
    identity: Type.Optional(
      Type.String({ minLength: 1, maxLength: 65_536, description: "The text of an age identity file." }),
    ),
    passphrase: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
    pipe: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: "A command of the gateway's machine: age -d -i /path/key.txt.",
      }),
    ),
  },
  {
    ...strict,
    minProperties: 1,
    maxProperties: 1,
    description:
      "What an encrypted archive is opened with. Keys stay in memory, and are taken over TLS or on this machine only.",
  },
);

export const sealingProperties = {
  recipients: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
      minItems: 1,
      maxItems: 100,
      description: "Encrypt to these public keys of age (age1…), in the place of the destination's.",
    }),
  ),
  pipe: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 4096,
      description: "Encrypt with a command of the gateway's machine, as pipe.allow has it: age -r age1….",
    }),
  ),
};

const RequireSignature = Type.Optional(
  Type.Boolean({
    description:
      "Refuse an archive that neither this gateway's key nor one of signatures.trusted has signed, also where the config does not.",
  }),
);

const LocationText = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: "dest:NAME[/key], s3://bucket/key, or an absolute path on the gateway's machine.",
});

export const BackupBodySchema = Type.Object(
  {
    to: Type.Optional(LocationText),
    overwrite: Type.Optional(Type.Boolean()),
    dryRun: Type.Optional(Type.Boolean()),
    list: Type.Optional(
      Type.Boolean({ description: "With dryRun: keep the complete list for a day, at /jobs/:id/plan." }),
    ),
    allowUnreadable: Type.Optional(Type.Boolean()),
    rehash: Type.Optional(
      Type.Boolean({ description: "Read every file, also those that look as they did in the last archive." }),
    ),
    compressionLevel: Type.Optional(Type.Integer({ minimum: 1, maximum: 19 })),
    limitUpload: Type.Optional(RateSchema),
    limitDownload: Type.Optional(RateSchema),
    ...sealingProperties,
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);
export type BackupBody = Static<typeof BackupBodySchema>;

export const RestoreBodySchema = Type.Object(
  {
    from: Type.String({ minLength: 1, maxLength: 4096, description: "A location, or an archive's id." }),
    tenant: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "`from` is an archive of a whole gateway, or a set: take this tenant out of it.",
      }),
    ),
    as: Type.Optional(Type.String({ maxLength: 256 })),
    force: Type.Optional(Type.Boolean()),
    token: Type.Optional(Type.Literal("archive")),
    paths: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
        minItems: 1,
        maxItems: 1000,
        description:
          "Only these paths and globs, and what is below them, into a tenant that is there: in place with `force`, else into " +
          "a directory of its own.",
      }),
    ),
    into: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: "With `paths`: a directory of the tenant that is not there yet.",
      }),
    ),
    dryRun: Type.Optional(Type.Boolean()),
    limitDownload: Type.Optional(RateSchema),
    decrypt: Type.Optional(DecryptSchema),
    requireSignature: RequireSignature,
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);
export type RestoreBody = Static<typeof RestoreBodySchema>;

export const PruneBodySchema = Type.Object(
  {
    ...retentionProperties,
    to: Type.Optional(LocationText),
    includeNamed: Type.Optional(Type.Boolean({ description: "Also archives whose names a person chose." })),
    dryRun: Type.Optional(Type.Boolean()),
    now: Type.Optional(Type.Boolean({ description: "Remove at once, not by way of the trash." })),
    s3: Type.Optional(S3OptionsSchema),
  },
  { ...strict, description: "Without a rule, the configured retention policy applies." },
);

export const RebuildBodySchema = Type.Object(
  {
    dest: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          "A destination's name or a location; without it, every place where archives of this gateway may stand.",
      }),
    ),
    pin: Type.Optional(Type.Boolean({ description: "Pin what is added." })),
    dryRun: Type.Optional(Type.Boolean()),
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);

/** `archive` of a verification or a drill. */
const checkedArchive = {
  archive: Type.String({
    minLength: 1,
    maxLength: 4096,
    description:
      "dest:NAME/key, s3://bucket/key, a path on the gateway's machine, an archive's id, or a tenant's id for its newest archive.",
  }),
  as: Type.Optional(
    Type.String({
      maxLength: 256,
      description: "For another tool's archive that does not say which tenant it is of.",
    }),
  ),
  decrypt: Type.Optional(DecryptSchema),
  requireSignature: RequireSignature,
  s3: Type.Optional(S3OptionsSchema),
};

export const VerifyBodySchema = Type.Object(
  {
    ...checkedArchive,
    level: Type.Optional(VerifyLevelSchema),
    all: Type.Optional(Type.Boolean({ description: "With a tenant's id: all of its archives." })),
  },
  strict,
);

export const CheckBodySchema = Type.Object(
  {
    dest: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: "A destination's name or a location; without it, the default destination.",
      }),
    ),
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);

export const RekeyBodySchema = Type.Object(
  {
    archive: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: "dest:NAME/key, s3://bucket/key, a path on the gateway's machine, or an archive's id.",
    }),
    to: Type.Optional(LocationText),
    overwrite: Type.Optional(Type.Boolean({ description: "With `to`: replace an archive that is there." })),
    ...sealingProperties,
    decrypt: Type.Optional(DecryptSchema),
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);

export const DrillBodySchema = Type.Object(checkedArchive, strict);

export const TenantParamsSchema = Type.Object({ id: Type.String() });
export const JobParamsSchema = Type.Object({ id: Type.String() });

/** What a job type defines: the command line and the UI know what to find in it. */
const JsonDocument = Type.Record(Type.String(), Type.Unknown());

const Warning = Type.Object({
  code: Type.String(),
  path: Type.Optional(Type.String()),
  message: Type.String(),
});

export const JobStateSchema = Type.Enum(
  ["queued", "running", "succeeded", "failed", "cancelled", "interrupted"],
  { type: "string" },
);

export const JobViewSchema = Type.Object({
  id: Type.String(),
  type: Type.String(),
  tenant: Type.Optional(Type.String({ description: "Absent for a job on no tenant in particular." })),
  trigger: Type.String(),
  actor: Type.String(),
  state: JobStateSchema,
  createdAt: Type.String({ description: "RFC 3339" }),
  startedAt: Type.Optional(Type.String()),
  finishedAt: Type.Optional(Type.String()),
  request: JsonDocument,
  progress: Type.Optional(
    Type.Object({
      phase: Type.String(),
      doneBytes: Type.Number(),
      totalBytes: Type.Optional(Type.Number()),
      files: Type.Number(),
      totalFiles: Type.Optional(Type.Number()),
      storedBytes: Type.Number(),
      message: Type.Optional(Type.String()),
    }),
  ),
  result: Type.Optional(JsonDocument),
  warnings: Type.Array(Warning),
  log: Type.Optional(
    Type.Array(
      Type.Object({
        at: Type.String({ description: "RFC 3339" }),
        phase: Type.String(),
        message: Type.Optional(Type.String()),
      }),
      { description: "What it began to do, or to wait for, and when." },
    ),
  ),
  error: Type.Optional(
    Type.Object({
      code: Type.String(),
      message: Type.String(),
      hint: Type.Optional(Type.String()),
      exitCode: Type.Integer(),
      details: Type.Optional(JsonDocument),
    }),
  ),
});
export type JobView = Static<typeof JobViewSchema>;

export const AcceptedSchema = Type.Object({
  job: JobViewSchema,
  joined: Type.Boolean({ description: "True when an equal backup was waiting or running already." }),
});
export type Accepted = Static<typeof AcceptedSchema>;

/** In the lists of one tenant's archives, as far as the ledger still knows the backups that made them. */
const backupFigures = {
  sentBytes: Type.Optional(
    Type.Number({ description: "In a tenant's list: bytes that its backup sent; the others were copied." }),
  ),
  durationMs: Type.Optional(Type.Number({ description: "In a tenant's list: how long its backup took." })),
};

export const ArchiveViewSchema = Type.Object({
  id: Type.Optional(Type.String({ description: "Absent for an archive that the catalogue does not know." })),
  tenant: Type.String(),
  uid: Type.Optional(Type.String()),
  location: Type.String(),
  size: Type.Number(),
  createdAt: Type.String({ description: "RFC 3339" }),
  state: Type.Optional(
    Type.String({ description: "good, damaged, lost (not where it was put), trash, removing, or deleted." }),
  ),
  pinnedAt: Type.Optional(Type.String({ description: "RFC 3339; absent: not pinned." })),
  trash: Type.Optional(
    Type.Object(
      {
        until: Type.String({ description: "RFC 3339; then it is removed for good." }),
        jobId: Type.String({ description: "The prune or removal that put it there." }),
      },
      { description: "It was removed, and can be brought back." },
    ),
  ),
  lock: Type.Optional(
    Type.Object(
      { mode: Type.String(), until: Type.String({ description: "RFC 3339" }) },
      { description: "The object lock with which it was stored." },
    ),
  ),
  verifiedAt: Type.Optional(
    Type.String({ description: "RFC 3339; when all of its bytes were last checked and found good." }),
  ),
  damage: Type.Optional(
    Type.Object(
      { foundAt: Type.String({ description: "RFC 3339" }), code: Type.String(), message: Type.String() },
      { description: "Of a damaged archive: what a check found." },
    ),
  ),
  signedBy: Type.Optional(
    Type.String({ description: "Id of the key that has signed it; absent: none, as far as is known." }),
  ),
  encryption: Type.Optional(
    Type.String({ description: "age, or pipe for what a program sealed; absent: it is not encrypted." }),
  ),
  jobId: Type.Optional(Type.String()),
  formatVersion: Type.Optional(Type.Integer()),
  baseId: Type.Optional(
    Type.String({
      description:
        "The archive that this one took bytes over from when it was made; it needs it no more. Absent: a full backup, or one that a rebuild found.",
    }),
  ),
  totals: Type.Optional(JsonDocument),
  ...backupFigures,
});
export type ArchiveView = Static<typeof ArchiveViewSchema>;

export const ArchiveListSchema = Type.Object({ archives: Type.Array(ArchiveViewSchema) });

export const ArchiveContentsSchema = Type.Object({
  location: Type.String(),
  size: Type.Number({ description: "Bytes of the object." }),
  etag: Type.String(),
  storedAt: Type.String({ description: "RFC 3339, by the store's clock." }),
  formatVersion: Type.Integer(),
  tenant: Type.String(),
  uid: Type.String(),
  createdAt: Type.String({ description: "RFC 3339" }),
  producer: Type.String(),
  totals: Type.Object({
    entries: Type.Integer(),
    files: Type.Integer(),
    directories: Type.Integer(),
    symlinks: Type.Integer(),
    contentBytes: Type.Number(),
    segments: Type.Integer(),
    tarBytes: Type.Number(),
  }),
  ratio: Type.Number({ description: "Bytes of the tar stream for each byte of the object." }),
  segments: Type.Array(
    Type.Object({
      kind: Type.String(),
      segments: Type.Integer(),
      storedBytes: Type.Number(),
      rawBytes: Type.Number(),
    }),
  ),
  index: Type.Object({
    bytes: Type.Number({ description: "Index, signature and seek table." }),
    sha256: Type.String({ description: "Of the index frame." }),
  }),
  signedBy: Type.Object(
    {
      trust: Type.Enum(["own", "trusted", "stranger", "unsigned"], { type: "string" }),
      keyId: Type.Optional(Type.String()),
    },
    { description: "Whose signature the index has: this gateway's, one of signatures.trusted, or another." },
  ),
  flagged: Type.Object(
    { database: Type.Integer(), truncated: Type.Integer(), changed: Type.Integer() },
    { description: "How many entries have which flag." },
  ),
  warnings: Type.Array(Warning, { description: "Those that the backup gave." }),
  /** What the catalogue knows of this archive; or, as `replaced`, of another one that it still expects at this place. */
  catalogue: Type.Optional(ArchiveViewSchema),
  replaced: Type.Optional(ArchiveViewSchema),
});
export type ArchiveContentsView = Static<typeof ArchiveContentsSchema>;
