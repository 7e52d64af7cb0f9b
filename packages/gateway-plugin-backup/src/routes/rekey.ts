/** Encrypting an archive anew. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { rekeySubmission } from "../jobs/rekey.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { AcceptedSchema, RekeyBodySchema } from "./schemas.js";

export function rekeyRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/backups/rekey",
      {
        schema: {
          summary: "Encrypt an archive anew, to other recipients",
          description:
            "In its place, or with `to` beside it. The old archive is read whole and checked before the new one is visible. No " +
            "tenant is touched.",
          tags: ["backups"],
          body: RekeyBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      async (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, await rekeySubmission(services, request.body, { actor, trigger }), reply);
      },
    );
    done();
  };
}
