/** What is done to the catalogue as a whole, and to destinations. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { checkSubmission } from "../jobs/check-destination.js";
import { rebuildSubmission } from "../jobs/rebuild/rebuild.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { AcceptedSchema, CheckBodySchema, RebuildBodySchema } from "./schemas.js";

export function catalogueRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/backups/rebuild",
      {
        schema: {
          summary: "Make the catalogue agree with what the stores hold",
          description:
            "Archives of this format that are not known are added, moved ones followed, lost ones marked. Only their ends are read.",
          tags: ["backups"],
          body: RebuildBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, rebuildSubmission(services, request.body, { actor, trigger }), reply);
      },
    );

    app.post(
      "/destinations/check",
      {
        schema: {
          summary: "Find out what a destination can do, and what follows for backups",
          description:
            "Writes, reads, copies and removes objects of its own below the destination. The job fails where no backup can be made there.",
          tags: ["backups"],
          body: CheckBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, checkSubmission(services, request.body, { actor, trigger }), reply);
      },
    );
    done();
  };
}
