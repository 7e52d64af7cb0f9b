/** Trying the channels of alerts. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { testChannels } from "../jobs/alerts/test-channels.js";
import type { Services } from "../jobs/services.js";

export function notifyRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/backups/notify/test",
      {
        schema: {
          summary: "Send a test alert to one channel, or to all, and say what each made of it",
          tags: ["backups"],
          body: Type.Object(
            { channel: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) },
            { additionalProperties: false },
          ),
          response: {
            200: Type.Object({
              channels: Type.Array(
                Type.Object({
                  name: Type.String(),
                  kind: Type.String(),
                  sent: Type.Boolean(),
                  problem: Type.Optional(Type.String()),
                }),
              ),
            }),
          },
        },
      },
      async (request) => ({ channels: [...(await testChannels(services, request.body.channel))] }),
    );
    done();
  };
}
