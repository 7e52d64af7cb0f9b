/** Starting prunes. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { pruneSubmission } from "../jobs/prune.js";
import type { Services } from "../jobs/services.js";
import { jobView } from "./job-view.js";
import { AcceptedSchema, PruneBodySchema, TenantParamsSchema } from "./schemas.js";

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
      async (request, reply) => {
        const { actor, trigger } = request;
        const submission = pruneSubmission(
          services,
          { ...request.body, tenant: request.params.id },
          { actor, trigger },
        );
        const { job, joined } = services.start(submission);
        return reply
          .code(202)
          .header("location", `/api/admin/jobs/${job.id}`)
          .send({ job: jobView(job), joined });
      },
    );
    done();
  };
}
