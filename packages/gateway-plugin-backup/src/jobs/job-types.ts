/** The job types that the plugin offers its host, for everything that starts jobs by name. */
import type { JobReport, JobType, PluginHost } from "@openclaw/gateway-core";
import { type Static, Type } from "@openclaw/schema";
import { RateSchema } from "../config.js";
import { backupSubmission, type BackupRequest } from "./backup.js";
import { drillSubmission } from "./drill.js";
import { gatewayBackupSubmission } from "./gateway/backup.js";
import { gatewayPruneSubmission } from "./gateway/prune.js";
import {
  BACKUP_COMMAND,
  DRILL_COMMAND,
  GATEWAY_BACKUP_COMMAND,
  GATEWAY_PRUNE_COMMAND,
  PRUNE_COMMAND,
  REBUILD_COMMAND,
  VERIFY_COMMAND,
} from "./job-commands.js";
import { ownBackupSubmission } from "./own-jobs.js";
import { pruneSubmission } from "./prune.js";
import { rebuildSubmission } from "./rebuild/rebuild.js";
import { retentionProperties } from "./retention/schema.js";
import type { Caller, Services } from "./services.js";
import { actorOf } from "./tenant-quotas.js";
import { backupRefusal } from "./tenant-rights.js";
import type { JobSubmission } from "./types.js";
import { verifySubmission } from "./verify.js";

/** Parameters without credentials: what may be stored in a schedule. */
const BackupParameters = Type.Object(
  {
    to: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    overwrite: Type.Optional(Type.Boolean()),
    allowUnreadable: Type.Optional(Type.Boolean()),
    rehash: Type.Optional(Type.Boolean()),
    compressionLevel: Type.Optional(Type.Integer({ minimum: 1, maximum: 19 })),
    limitUpload: Type.Optional(RateSchema),
    limitDownload: Type.Optional(RateSchema),
    recipients: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: 100 }),
    ),
    pipe: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
  },
  { additionalProperties: false },
);

const PruneParameters = Type.Object(
  {
    ...retentionProperties,
    to: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    includeNamed: Type.Optional(Type.Boolean()),
    dryRun: Type.Optional(Type.Boolean()),
    now: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

const RebuildParameters = Type.Object(
  { dest: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })), pin: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);

export function rebuildJobType(services: Services): JobType {
  return {
    name: "rebuild",
    description: "Makes the catalogue agree with what the stores hold.",
    parameters: RebuildParameters,
    scope: "gateway",
    command: REBUILD_COMMAND,
    report: reporter(services),
    start: ({ parameters, actor, trigger }) => {
      const request = parameters as Static<typeof RebuildParameters>;
      const { job } = services.start(rebuildSubmission(services, request, { actor, trigger }));
      return Promise.resolve({ jobId: job.id });
    },
  };
}

export const VerifyLevelSchema = Type.Enum(["quick", "sample", "full"], {
  type: "string",
  description:
    "quick: the archive's size, index and seek table; sample: some segments, too, such that a year covers all; full: " +
    "every byte. Default: full.",
});

const VerifyParameters = Type.Object(
  {
    level: Type.Optional(VerifyLevelSchema),
    all: Type.Optional(Type.Boolean({ description: "All of the tenant's archives, not only its newest." })),
    requireSignature: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export function verifyJobType(services: Services): JobType {
  return {
    name: "verify",
    description: "Checks the newest archive of a tenant, or all of them.",
    parameters: VerifyParameters,
    scope: "tenant",
    command: VERIFY_COMMAND,
    report: reporter(services),
    start: async ({ tenant = "", parameters, actor, trigger }) => {
      const request = { ...(parameters as Static<typeof VerifyParameters>), archive: tenant };
      const { job } = services.start(await verifySubmission(services, request, { actor, trigger }));
      return { jobId: job.id };
    },
  };
}

const DrillParameters = Type.Object(
  { requireSignature: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);

export function drillJobType(services: Services): JobType {
  return {
    name: "drill",
    description:
      "Restores the newest archive of a tenant into a scratch directory, checks what is there, and removes it.",
    parameters: DrillParameters,
    scope: "tenant",
    command: DRILL_COMMAND,
    report: reporter(services),
    start: async ({ tenant = "", parameters, actor, trigger }) => {
      const request = { ...(parameters as Static<typeof DrillParameters>), archive: tenant };
      const submission = await drillSubmission(services, request, { actor, trigger });
      return { jobId: services.start(submission).job.id };
    },
  };
}

export function pruneJobType(services: Services): JobType {
  return {
    name: "prune",
    description: "Removes the archives of a tenant that a retention policy does not keep.",
    parameters: PruneParameters,
    scope: "tenant",
    command: PRUNE_COMMAND,
    report: reporter(services),
    start: ({ tenant = "", parameters, actor, trigger }) => {
      const request = { ...(parameters as Static<typeof PruneParameters>), tenant };
      const { job } = services.start(pruneSubmission(services, request, { actor, trigger }));
      return Promise.resolve({ jobId: job.id });
    },
  };
}

export function backupJobType(services: Services): JobType {
  return {
    name: "backup",
    description: "Backs a tenant up to a destination.",
    parameters: BackupParameters,
    scope: "tenant",
    command: BACKUP_COMMAND,
    report: reporter(services),
    tenantRefusal: ({ tenant, parameters }) =>
      backupRefusal(services.config, tenant, parameters as Static<typeof BackupParameters>),
    start: ({ tenant = "", parameters, actor, trigger }) => {
      // The host has checked the parameters against the schema.
      const request = { ...(parameters as Static<typeof BackupParameters>), tenant };
      const { job } = services.start(submissionFor(services, request, { actor, trigger }));
      return Promise.resolve({ jobId: job.id });
    },
  };
}

const { overwrite: _, ...gatewayBackupProperties } = BackupParameters.properties;

const GatewayBackupParameters = Type.Object(
  { ...gatewayBackupProperties, preDelete: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);

export function gatewayBackupJobType(services: Services): JobType {
  return {
    name: "gateway-backup",
    description: "Backs the whole gateway up to a destination.",
    parameters: GatewayBackupParameters,
    scope: "gateway",
    command: GATEWAY_BACKUP_COMMAND,
    report: reporter(services),
    start: ({ parameters, actor, trigger }) => {
      const request = parameters as Static<typeof GatewayBackupParameters>;
      const { job } = services.start(gatewayBackupSubmission(services, request, { actor, trigger }));
      return Promise.resolve({ jobId: job.id });
    },
  };
}

const { now: __, ...gatewayPruneProperties } = PruneParameters.properties;

const GatewayPruneParameters = Type.Object(gatewayPruneProperties, { additionalProperties: false });

export function gatewayPruneJobType(services: Services): JobType {
  return {
    name: "gateway-prune",
    description: "Removes the backups of the whole gateway that a retention policy does not keep.",
    parameters: GatewayPruneParameters,
    scope: "gateway",
    command: GATEWAY_PRUNE_COMMAND,
    report: reporter(services),
    start: ({ parameters, actor, trigger }) => {
      const request = parameters as Static<typeof GatewayPruneParameters>;
      const { job } = services.start(gatewayPruneSubmission(services, request, { actor, trigger }));
      return Promise.resolve({ jobId: job.id });
    },
  };
}

/** A tenant's schedule that runs with its own rights is a tenant's backup: its quotas count. */
function submissionFor(services: Services, request: BackupRequest, caller: Caller): JobSubmission {
  const { tenant: id, ...own } = request;
  const record = services.host.tenants.get(id);
  return record !== undefined && caller.actor === actorOf(record)
    ? ownBackupSubmission(services, record, own, caller.trigger)
    : backupSubmission(services, request, caller);
}

/** What the ledger knows of a job. */
function reporter({ ledger }: Services): (jobId: string) => JobReport | undefined {
  return (jobId) => {
    const job = ledger.jobs.get(jobId);
    if (job === undefined) return undefined;
    const { state, finishedAt, error } = job;
    return {
      state,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    };
  };
}

/** All that can be started by name. */
export function addJobTypes(host: Pick<PluginHost, "addJobType">, services: Services): void {
  const types = [backupJobType, pruneJobType, rebuildJobType, verifyJobType, drillJobType];
  for (const type of [...types, gatewayBackupJobType, gatewayPruneJobType]) host.addJobType(type(services));
}
