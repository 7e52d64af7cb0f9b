/** One archive of the catalogue: pinning it, removing it, bringing it back. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { Type } from "@openclaw/schema";
import { takeFromTrash } from "../jobs/archive-trash.js";
import { pinArchive, removeSubmission } from "../jobs/remove-archive.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { archiveView } from "./job-view.js";
import { AcceptedSchema, ArchiveViewSchema, S3OptionsSchema, type ArchiveView } from "./schemas.js";

const strict = { additionalProperties: false } as const;

const ArchiveParams = Type.Object({ id: Type.String({ description: "The archive's id in the catalogue." }) });

export function archiveRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.put(
      "/backups/:id/pin",
      {
        schema: {
          summary: "Pin an archive, so that it is not removed",
          tags: ["backups"],
          params: ArchiveParams,
          response: { 200: ArchiveViewSchema },
        },
      },
      (request) => noted(request, archiveView(pinArchive(services, request.params.id, true))),
    );

    app.delete(
      "/backups/:id/pin",
      {
        schema: {
          summary: "Take an archive's pin off",
          tags: ["backups"],
          params: ArchiveParams,
          response: { 200: ArchiveViewSchema },
        },
      },
      (request) => noted(request, archiveView(pinArchive(services, request.params.id, false))),
    );

    app.delete(
      "/backups/:id/trash",
      {
        schema: {
          summary: "Bring an archive back from the trash",
          tags: ["backups"],
          params: ArchiveParams,
          response: { 200: ArchiveViewSchema },
        },
      },
      (request) => noted(request, archiveView(takeFromTrash(services, request.params.id))),
    );

    app.delete(
      "/backups/:id",
      {
        schema: {
          summary: "Remove an archive",
          tags: ["backups"],
          params: ArchiveParams,
          querystring: Type.Object(
            {
              force: Type.Optional(
                Type.Boolean({
                  description:
                    "Also a tenant's only good archive; and forget one whose place another object has taken.",
                }),
              ),
              now: Type.Optional(
                Type.Boolean({ description: "Remove it at once, not by way of the trash." }),
              ),
            },
            strict,
          ),
          // A DELETE without a body is checked as null.
          body: Type.Union([Type.Object({ s3: Type.Optional(S3OptionsSchema) }, strict), Type.Null()]),
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        const submission = removeSubmission(
          services,
          { ...request.body, ...request.query, id: request.params.id },
          { actor, trigger },
        );
        return accept(services, submission, reply);
      },
    );
    done();
  };
}

/** Whose archive it is stands in the audit log. */
function noted(request: Pick<FastifyRequest, "audit">, archive: ArchiveView): ArchiveView {
  request.audit({ tenant: archive.tenant });
  return archive;
}
