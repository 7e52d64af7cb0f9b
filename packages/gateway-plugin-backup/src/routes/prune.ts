/** Starting prunes, and taking them back. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { undoPrune } from "../jobs/archive-trash.js";
import { pruneSubmission } from "../jobs/prune.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { archiveView } from "./job-view.js";
import { AcceptedSchema, ArchiveListSchema, PruneBodySchema, TenantParamsSchema } from "./schemas.js";

export function pruneRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/tenants/:id/prune",
      {
        schema: {
          summary: "Remove the archives of a tenant that a retention policy does not keep",
          tags: ["backups"],
          params: TenantParamsSchema,
          body: PruneBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        const submission = pruneSubmission(
          services,
          { ...request.body, tenant: request.params.id },
          { actor, trigger },
        );
        return accept(services, submission, reply);
      },
    );

    app.post(
      "/prunes/:job/undo",
      {
        schema: {
          summary: "Bring back what a prune has put into the trash",
          tags: ["backups"],
          params: Type.Object({ job: Type.String() }),
          response: { 200: ArchiveListSchema },
        },
      },
      (request) => ({ archives: undoPrune(services, request.params.job).map(archiveView) }),
    );
    done();
  };
}
