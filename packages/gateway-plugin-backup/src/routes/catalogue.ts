/** What is done to the catalogue as a whole, and to destinations. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { checkSubmission } from "../jobs/check-destination.js";
import { listDestinations } from "../jobs/destination-list.js";
import { rebuildSubmission } from "../jobs/rebuild/rebuild.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { AcceptedSchema, CheckBodySchema, RebuildBodySchema } from "./schemas.js";

const DestinationSchema = Type.Object({
  name: Type.Optional(
    Type.String({ description: "Absent: the gateway's default place, where the config names none." }),
  ),
  kind: Type.Enum(["local", "s3"], { type: "string" }),
  url: Type.String({ description: "Bucket and prefix, or directory." }),
  endpoint: Type.Optional(Type.String({ description: "Absent: AWS, or a directory." })),
  region: Type.Optional(Type.String()),
  isDefault: Type.Boolean({ description: "Backups that name no destination go there." }),
  recipients: Type.Array(Type.String(), { description: "Public keys that archives are encrypted to." }),
  lock: Type.Optional(
    Type.Object({ mode: Type.String(), days: Type.Integer() }, { description: "Object lock of archives." }),
  ),
  tenants: Type.Array(Type.String(), { description: "Globs of the tenants that may use it by themselves." }),
  archives: Type.Integer({ description: "Of the catalogue, in this place." }),
  bytes: Type.Number({ description: "Of these archives." }),
});

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

    app.get(
      "/destinations",
      {
        schema: {
          summary: "Where backups can go: the destinations of the config, and the default place",
          description: "What is said of a place comes from the config and the catalogue; no store is asked.",
          tags: ["backups"],
          response: { 200: Type.Object({ destinations: Type.Array(DestinationSchema) }) },
        },
      },
      () => ({ destinations: listDestinations(services) }),
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
