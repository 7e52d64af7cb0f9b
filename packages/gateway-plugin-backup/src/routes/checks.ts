/** Starting verifications and drills. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { drillSubmission } from "../jobs/drill.js";
import type { Services } from "../jobs/services.js";
import { verifySubmission } from "../jobs/verify.js";
import { accept } from "./accept.js";
import { AcceptedSchema, DrillBodySchema, VerifyBodySchema } from "./schemas.js";

export function checkRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/backups/verify",
      {
        schema: {
          summary: "Check an archive, or those of a tenant",
          description:
            "Any archive in a store, known to the catalogue or not. One of the catalogue that is damaged is marked so, and " +
            "no backup builds on it; a good full verification takes the mark off.",
          tags: ["backups"],
          body: VerifyBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      async (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, await verifySubmission(services, request.body, { actor, trigger }), reply);
      },
    );

    app.post(
      "/backups/drill",
      {
        schema: {
          summary: "Restore an archive into a scratch directory, check what is there, and remove it",
          description:
            "Every file is read back and compared with the index, every database is checked, every JSON file is parsed. No " +
            "tenant is touched.",
          tags: ["backups"],
          body: DrillBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      async (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, await drillSubmission(services, request.body, { actor, trigger }), reply);
      },
    );
    done();
  };
}
