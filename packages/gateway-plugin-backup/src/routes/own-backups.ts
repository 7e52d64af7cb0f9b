/** A tenant's own backups: what it may do about them, making them, looking at them. See docs/tenants.md. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { BackupError } from "../errors.js";
import { showArchive } from "../jobs/archive-parts.js";
import { checkPlace, ownArchive, ownArchives } from "../jobs/own-archives.js";
import { ownBackupSubmission } from "../jobs/own-jobs.js";
import type { Services } from "../jobs/services.js";
import { quotaUse } from "../jobs/tenant-quotas.js";
import { grantedDestinations, rightsOf } from "../jobs/tenant-rights.js";
import { acceptOwn } from "./accept.js";
import { archiveContentsView } from "./archive-contents-view.js";
import { OwnArchiveSchema, OwnContentsSchema, ownArchiveView } from "./own-views.js";
import { AcceptedSchema } from "./schemas.js";

const strict = { additionalProperties: false } as const;

const tags = ["own backups"];

const ArchiveParams = Type.Object({ id: Type.String({ maxLength: 64, description: "The archive's id." }) });

const quota = <T extends Type.TSchema>(limit: T) => Type.Object({ limit, used: Type.Number() });

const AllowanceSchema = Type.Object({
  selfBackup: Type.Boolean(),
  selfRestore: Type.Boolean(),
  defaultDestination: Type.Boolean({ description: "Whether a backup may leave `to` out." }),
  destinations: Type.Array(Type.String(), { description: "What `to` may name, as in dest:NAME." }),
  quotas: Type.Object({
    backupsPerDay: quota(Type.Number({ description: "Backups that begin within 24 hours." })),
    storedBytes: quota(Type.Optional(Type.Number({ description: "Absent: any number." }))),
    concurrentJobs: quota(Type.Number({ description: "Jobs that wait or run." })),
  }),
});

const BackupBody = Type.Object(
  {
    to: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: "dest:NAME, of a destination that is granted; without it, the default destination.",
      }),
    ),
    dryRun: Type.Optional(Type.Boolean()),
    allowUnreadable: Type.Optional(Type.Boolean()),
    rehash: Type.Optional(Type.Boolean()),
  },
  strict,
);

export function ownBackupRoutes(services: Services): FastifyPluginCallbackTypebox {
  const { config } = services;
  const besideTenant = { config: { besideTenant: true } };
  return (app, _options, done) => {
    app.get(
      "/backups/allowance",
      {
        ...besideTenant,
        schema: {
          summary: "What the calling tenant may do about its backups by itself, and what it has used of it",
          tags,
          response: { 200: AllowanceSchema },
        },
      },
      ({ tenant }) => {
        const { selfBackup, selfRestore, quotas } = rightsOf(config, tenant.id);
        const used = quotaUse(services, tenant);
        const { storedBytes } = quotas;
        return {
          selfBackup,
          selfRestore,
          ...grantedDestinations(config, tenant.id),
          quotas: {
            backupsPerDay: { limit: quotas.backupsPerDay, used: used.backupsPerDay },
            storedBytes: {
              ...(storedBytes === undefined ? {} : { limit: storedBytes }),
              used: used.storedBytes,
            },
            concurrentJobs: { limit: quotas.concurrentJobs, used: used.concurrentJobs },
          },
        };
      },
    );

    app.post(
      "/backups",
      {
        schema: {
          summary: "Back the calling tenant up",
          tags,
          body: BackupBody,
          response: { 202: AcceptedSchema },
        },
      },
      ({ tenant, body, trigger }, reply) =>
        acceptOwn(services, ownBackupSubmission(services, tenant, body, trigger), reply),
    );

    app.get(
      "/backups",
      {
        ...besideTenant,
        schema: {
          summary: "The calling tenant's archives, newest first",
          tags,
          response: { 200: Type.Object({ archives: Type.Array(OwnArchiveSchema) }) },
        },
      },
      ({ tenant }) => {
        const figures = services.ledger.jobs.backupFigures(tenant.id);
        const archives = ownArchives(services, tenant);
        return {
          archives: archives.map((own) => ({ ...ownArchiveView(own), ...figures.get(own.record.jobId) })),
        };
      },
    );

    app.get(
      "/backups/:id",
      {
        ...besideTenant,
        schema: {
          summary: "What the index of one of the calling tenant's archives tells of it",
          tags,
          params: ArchiveParams,
          response: { 200: OwnContentsSchema },
        },
      },
      async ({ tenant, params }) => {
        const own = ownArchive(services, tenant, params.id);
        checkPlace(services, own);
        const {
          tenant: id,
          uid,
          ...contents
        } = archiveContentsView(await showArchive(services, { archive: own.record.id }));
        if (id === tenant.id && uid === tenant.uid) return { archive: ownArchiveView(own), ...contents };
        throw new BackupError("ARCHIVE_DAMAGED", `Archive ${params.id} does not hold its tenant any more.`);
      },
    );
    done();
  };
}
