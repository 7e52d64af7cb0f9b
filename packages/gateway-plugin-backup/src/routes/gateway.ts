/** Backing up the whole gateway, listing these backups, and pruning them. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "@openclaw/schema";
import { RateSchema } from "../config.js";
import { gatewayBackupSubmission } from "../jobs/gateway/backup.js";
import { knownSets, type ShownSet } from "../jobs/gateway/known-sets.js";
import { setsAt } from "../jobs/gateway/list-sets.js";
import { gatewayPruneSubmission } from "../jobs/gateway/prune.js";
import { retentionProperties } from "../jobs/retention/schema.js";
import type { Services } from "../jobs/services.js";
import { accept } from "./accept.js";
import { AcceptedSchema, S3OptionsSchema, sealingProperties } from "./schemas.js";

const strict = { additionalProperties: false } as const;

const PlaceText = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: "dest:NAME[/prefix/], s3://bucket/prefix/, or a directory on the gateway's machine.",
});

const GatewayBackupBody = Type.Object(
  {
    to: Type.Optional(PlaceText),
    preDelete: Type.Optional(
      Type.Boolean({
        description: "The last backup before the gateway is removed: replaces the one before.",
      }),
    ),
    allowUnreadable: Type.Optional(Type.Boolean()),
    rehash: Type.Optional(Type.Boolean({ description: "Read every file, whatever it looks like." })),
    compressionLevel: Type.Optional(Type.Integer({ minimum: 1, maximum: 19 })),
    limitUpload: Type.Optional(RateSchema),
    limitDownload: Type.Optional(RateSchema),
    ...sealingProperties,
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);

const GatewayPruneBody = Type.Object(
  {
    ...retentionProperties,
    to: Type.Optional(PlaceText),
    includeNamed: Type.Optional(Type.Boolean()),
    dryRun: Type.Optional(Type.Boolean()),
    s3: Type.Optional(S3OptionsSchema),
  },
  strict,
);

const SetPartView = Type.Object({
  name: Type.String({ description: "state or workspace." }),
  archiveId: Type.Optional(Type.String({ description: "In the catalogue." })),
  location: Type.String(),
  size: Type.Number(),
  encryption: Type.Optional(Type.String()),
});

const SetView = Type.Object({
  id: Type.Optional(Type.String({ description: "Absent for what the catalogue does not know." })),
  kind: Type.String({ description: "scheduled or pre-delete." }),
  state: Type.String({
    description: "complete, incomplete (without a backup.json), removing, or damaged.",
  }),
  location: Type.String(),
  createdAt: Type.String({ description: "RFC 3339" }),
  size: Type.Number(),
  parts: Type.Array(SetPartView),
  pinned: Type.Boolean(),
  verifiedAt: Type.Optional(
    Type.String({ description: "RFC 3339; when all of it was last read and found good." }),
  ),
  problem: Type.Optional(Type.String()),
});

function setView({ createdAt, verifiedAt, parts, ...set }: ShownSet): Static<typeof SetView> {
  return {
    ...set,
    parts: [...parts],
    createdAt: new Date(createdAt).toISOString(),
    ...(verifiedAt === undefined ? {} : { verifiedAt: new Date(verifiedAt).toISOString() }),
  };
}

export function gatewayRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/gateway/backups",
      {
        schema: {
          summary: "Back the whole gateway up",
          description:
            "The state directory, and the workspace where that is a volume of its own: an archive each, and a backup.json, " +
            "which is written last.",
          tags: ["backups"],
          body: GatewayBackupBody,
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, gatewayBackupSubmission(services, request.body, { actor, trigger }), reply);
      },
    );

    app.get(
      "/gateway/backups",
      {
        schema: {
          summary: "The backups of the whole gateway: those in the catalogue, or those that stand in a place",
          tags: ["backups"],
          querystring: Type.Object({ to: Type.Optional(PlaceText) }, strict),
          response: { 200: Type.Object({ sets: Type.Array(SetView) }) },
        },
      },
      async (request) => {
        const { to } = request.query;
        const sets = to === undefined ? knownSets(services) : await setsAt(services, to);
        return { sets: sets.map(setView) };
      },
    );

    app.post(
      "/gateway/prune",
      {
        schema: {
          summary: "Remove the backups of the whole gateway that a retention policy does not keep",
          tags: ["backups"],
          body: GatewayPruneBody,
          response: { 202: AcceptedSchema },
        },
      },
      (request, reply) => {
        const { actor, trigger } = request;
        return accept(services, gatewayPruneSubmission(services, request.body, { actor, trigger }), reply);
      },
    );
    done();
  };
}
