/** Starting backups, and listing what backups made. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { backupSubmission } from "../jobs/backup.js";
import { archivesAt, catalogueOf, listPlace } from "../jobs/catalogue.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { archiveView } from "./job-view.js";
import {
  AcceptedSchema,
  ArchiveListSchema,
  BackupBodySchema,
  TenantParamsSchema,
  type ArchiveView,
} from "./schemas.js";

const PlaceQuery = Type.Object(
  { to: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })) },
  { additionalProperties: false },
);

/** The tenant's archives, each with what its backup has sent, and how long that took. */
function withFigures(services: Services, tenant: string): ArchiveView[] {
  const archives = catalogueOf(services, tenant);
  const figures = services.ledger.jobs.backupFigures(tenant);
  return archives.map((archive) => ({ ...archiveView(archive), ...figures.get(archive.jobId) }));
}

export function backupRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/tenants/:id/backups",
      {
        schema: {
          summary: "Back a tenant up",
          tags: ["backups"],
          params: TenantParamsSchema,
          body: BackupBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        const submission = backupSubmission(
          services,
          { tenant: request.params.id, ...request.body },
          { actor, trigger },
        );
        return accept(services, submission, reply);
      },
    );

    app.get(
      "/tenants/:id/backups",
      {
        schema: {
          summary: "The archives of a tenant: those in the catalogue, or those that stand at a location",
          tags: ["backups"],
          params: TenantParamsSchema,
          querystring: PlaceQuery,
          response: { 200: ArchiveListSchema },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { to } = request.query;
        const archives =
          to === undefined ? withFigures(services, id) : [...(await listPlace(services, id, to))];
        return { archives };
      },
    );

    app.get(
      "/backups",
      {
        schema: {
          summary: "The catalogue, newest first",
          tags: ["backups"],
          querystring: Type.Object(
            {
              tenant: Type.Optional(Type.String()),
              location: Type.Optional(
                Type.String({ minLength: 1, maxLength: 4096, description: "What was stored at this place." }),
              ),
              all: Type.Optional(Type.Boolean({ description: "Also what was removed or overwritten." })),
              limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 }),
            },
            { additionalProperties: false },
          ),
          response: { 200: ArchiveListSchema },
        },
      },
      (request) => {
        const { location, ...filter } = request.query;
        const archives =
          location === undefined ? services.ledger.archives.list(filter) : archivesAt(services, location);
        return { archives: archives.map(archiveView) };
      },
    );
    done();
  };
}
