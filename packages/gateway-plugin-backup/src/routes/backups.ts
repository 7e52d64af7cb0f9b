/** Starting backups, and listing what backups made. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "@openclaw/schema";
import { backupSubmission } from "../jobs/backup.js";
import { archivesAt, catalogueOf, listPlace } from "../jobs/catalogue.js";
import { gatewaysIn, type GatewayInPlace } from "../jobs/gateways-in-place.js";
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

const GatewayInPlaceSchema = Type.Object({
  prefix: Type.String({ description: "Of its keys, with a slash at the end; empty: the place itself." }),
  location: Type.String(),
  sets: Type.Integer({ description: "Backups of the whole gateway that are complete." }),
  incompleteSets: Type.Integer({ description: "Those without a backup.json." }),
  newestSetAt: Type.Optional(
    Type.String({ description: "RFC 3339; when the newest complete one was begun." }),
  ),
  preDeleteAt: Type.Optional(Type.String({ description: "RFC 3339; when the last pre-delete one ended." })),
  tenants: Type.Integer({ description: "Tenants with archives of automatic names." }),
  archives: Type.Integer({ description: "These archives." }),
  newestArchiveAt: Type.Optional(Type.String({ description: "RFC 3339" })),
  bytes: Type.Number(),
});

function gatewayView(gateway: GatewayInPlace): Static<typeof GatewayInPlaceSchema> {
  const { newestSetAt, preDeleteAt, newestArchiveAt, ...figures } = gateway;
  return {
    ...figures,
    ...timeView("newestSetAt", newestSetAt),
    ...timeView("preDeleteAt", preDeleteAt),
    ...timeView("newestArchiveAt", newestArchiveAt),
  };
}

function timeView<Name extends string>(name: Name, at: number | undefined): { [_ in Name]?: string } {
  return at === undefined ? {} : ({ [name]: new Date(at).toISOString() } as { [_ in Name]: string });
}

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
      "/backups/gateways",
      {
        schema: {
          summary: "The gateways whose backups lie in one place, each under a prefix of its own",
          description: "What the names of the objects tell; no object is read.",
          tags: ["backups"],
          querystring: Type.Object(
            { to: Type.String({ minLength: 1, maxLength: 4096 }) },
            { additionalProperties: false },
          ),
          response: { 200: Type.Object({ gateways: Type.Array(GatewayInPlaceSchema) }) },
        },
      },
      async (request) => ({ gateways: (await gatewaysIn(services, request.query.to)).map(gatewayView) }),
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
