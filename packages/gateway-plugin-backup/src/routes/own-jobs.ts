/** The jobs that a tenant has started itself, and its restores of itself. See docs/tenants.md. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { ownJob, ownJobs, ownRestoreSubmission, ownUndoSubmission } from "../jobs/own-jobs.js";
import type { Services } from "../jobs/services.js";
import { acceptOwn } from "./accept.js";
import { streamJob } from "./job-events.js";
import { ownJobView } from "./own-views.js";
import { AcceptedSchema, JobParamsSchema, JobViewSchema } from "./schemas.js";

const tags = ["own jobs"];

const RestoreBody = Type.Object(
  {
    archive: Type.String({ minLength: 1, maxLength: 64, description: "Id of an archive of the tenant." }),
    dryRun: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export function ownJobRoutes(services: Services): FastifyPluginCallbackTypebox {
  const { engine } = services;
  // A restore waits until the tenant's calls have ended: who follows it must not be in its way.
  const besideTenant = { config: { besideTenant: true } };
  return (app, _options, done) => {
    app.get(
      "/jobs",
      {
        ...besideTenant,
        schema: {
          summary: "The jobs that the calling tenant has started, newest first",
          tags,
          querystring: Type.Object(
            { limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }) },
            { additionalProperties: false },
          ),
          response: { 200: Type.Object({ jobs: Type.Array(JobViewSchema) }) },
        },
      },
      ({ tenant, query }) => ({ jobs: ownJobs(services, tenant, query.limit).map(ownJobView) }),
    );

    app.get(
      "/jobs/:id",
      {
        ...besideTenant,
        schema: {
          summary: "One job of the calling tenant",
          tags,
          params: JobParamsSchema,
          response: { 200: JobViewSchema },
        },
      },
      ({ tenant, params }) => ownJobView(ownJob(services, tenant, params.id)),
    );

    app.get(
      "/jobs/:id/events",
      {
        ...besideTenant,
        schema: {
          summary: "Follow a job of the calling tenant as server-sent events",
          description: "Each `job` event holds the whole job; the stream ends after its last state.",
          tags,
          params: JobParamsSchema,
          produces: ["text/event-stream"],
        },
      },
      ({ tenant, params }, reply) =>
        streamJob(engine, ownJob(services, tenant, params.id), reply, ownJobView),
    );

    app.post(
      "/jobs/:id/cancel",
      {
        ...besideTenant,
        schema: {
          summary: "Cancel a job that the calling tenant has started",
          tags,
          params: JobParamsSchema,
          response: { 202: JobViewSchema },
        },
      },
      ({ tenant, params }, reply) => {
        const { id } = ownJob(services, tenant, params.id);
        reply.code(202);
        return ownJobView(engine.cancel(id));
      },
    );

    app.post(
      "/restores",
      {
        schema: {
          summary: "Restore the calling tenant, in its own place, from an archive of its own",
          description: "Its token, quotas and labels stay as they are. Only where the admin allows it.",
          tags: ["own restores"],
          body: RestoreBody,
          response: { 202: AcceptedSchema },
        },
      },
      async ({ tenant, body, trigger }, reply) =>
        acceptOwn(services, await ownRestoreSubmission(services, tenant, body, trigger), reply),
    );

    app.post(
      "/restores/:job/undo",
      {
        schema: {
          summary: "Give back what a restore replaced that the calling tenant has started",
          tags: ["own restores"],
          params: Type.Object({ job: Type.String() }),
          response: { 202: AcceptedSchema },
        },
      },
      ({ tenant, params, trigger }, reply) =>
        acceptOwn(services, ownUndoSubmission(services, tenant, params.job, trigger), reply),
    );
    done();
  };
}
