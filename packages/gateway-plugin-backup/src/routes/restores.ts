/** Starting restores, and taking them back. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { restoreSubmission } from "../jobs/restore.js";
import type { Services } from "../jobs/services.js";
import { undoSubmission } from "../jobs/undo.js";
import { accept } from "./accept.js";
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
        return accept(services, submission, reply);
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
      (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, undoSubmission(services, request.params.job, { actor, trigger }), reply);
      },
    );
    done();
  };
}
