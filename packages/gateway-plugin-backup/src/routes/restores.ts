/** Starting restores, and taking them back. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { restoreSubmission } from "../jobs/restore.js";
import type { Services } from "../jobs/services.js";
import { undoSubmission } from "../jobs/undo.js";
import { jobView } from "./job-view.js";
import { AcceptedSchema, RestoreBodySchema } from "./schemas.js";

export function restoreRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/restores",
      {
        schema: {
          summary: "Restore a tenant from an archive",
          tags: ["restores"],
          body: RestoreBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      async (request, reply) => {
        const { actor, trigger } = request;
        const submission = await restoreSubmission(services, request.body, { actor, trigger });
        const { job, joined } = services.start(submission);
        return reply
          .code(202)
          .header("location", `/api/admin/jobs/${job.id}`)
          .send({ job: jobView(job), joined });
      },
    );

    app.post(
      "/restores/:job/undo",
      {
        schema: {
          summary: "Give back what a restore replaced",
          tags: ["restores"],
          params: Type.Object({ job: Type.String() }),
          response: { 202: AcceptedSchema },
        },
      },
      async (request, reply) => {
        const { actor, trigger } = request;
        const { job, joined } = services.start(
          undoSubmission(services, request.params.job, { actor, trigger }),
        );
        return reply
          .code(202)
          .header("location", `/api/admin/jobs/${job.id}`)
          .send({ job: jobView(job), joined });
      },
    );
    done();
  };
}
