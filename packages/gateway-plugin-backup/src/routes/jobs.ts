/** The jobs: list, show, follow, cancel. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { auditToken } from "../jobs/audit.js";
import { openPlan } from "../jobs/plans.js";
import type { Services } from "../jobs/services.js";
import { isTerminal, NO_TENANT, type JobRecord } from "../jobs/types.js";
import { streamJob } from "./job-events.js";
import { jobView } from "./job-view.js";
import { JobParamsSchema, JobStateSchema, JobViewSchema } from "./schemas.js";

export function jobRoutes(services: Services): FastifyPluginCallbackTypebox {
  const { engine } = services;
  const takeToken = (job: JobRecord, actor: string): string | undefined => {
    const token = engine.takeSecret(job.id, actor);
    if (token !== undefined) auditToken(services.host.audit, job, actor);
    return token;
  };
  return (app, _options, done) => {
    app.get(
      "/jobs",
      {
        schema: {
          summary: "Jobs, newest first",
          tags: ["jobs"],
          querystring: Type.Object(
            {
              tenant: Type.Optional(Type.String()),
              state: Type.Optional(JobStateSchema),
              limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
            },
            { additionalProperties: false },
          ),
          response: { 200: Type.Object({ jobs: Type.Array(JobViewSchema) }) },
        },
      },
      (request) => ({ jobs: engine.list(request.query).map((job) => jobView(job)) }),
    );

    app.get(
      "/jobs/:id",
      {
        schema: {
          summary: "One job; the first look of its starter shows a token that the job made",
          tags: ["jobs"],
          params: JobParamsSchema,
          response: { 200: JobViewSchema },
        },
      },
      (request) => {
        const job = engine.get(request.params.id);
        return jobView(job, takeToken(job, request.actor));
      },
    );

    app.get(
      "/jobs/:id/events",
      {
        schema: {
          summary: "Follow a job as server-sent events",
          description: "Each `job` event holds the whole job; the stream ends after its last state.",
          tags: ["jobs"],
          params: JobParamsSchema,
          produces: ["text/event-stream"],
        },
      },
      ({ params, actor }, reply) =>
        streamJob(engine, engine.get(params.id), reply, (job) =>
          jobView(job, isTerminal(job.state) ? takeToken(job, actor) : undefined),
        ),
    );

    app.get(
      "/jobs/:id/plan",
      {
        // It holds the names of a tenant's files.
        config: { audit: "all" },
        schema: {
          summary: "The complete list of a dry run that was asked for one, as JSON lines",
          description:
            "A line for each entry that would be archived (`include`) or is left out (`leave-out`, with the reason), then " +
            "an `end` line that says whether the list is complete. A path that is not UTF-8 stands as `path64`.",
          tags: ["jobs"],
          params: JobParamsSchema,
          produces: ["application/jsonl"],
        },
      },
      async (request, reply) => {
        const job = engine.get(request.params.id);
        request.audit({ tenant: job.tenant });
        const plan = await openPlan(services.host, job.id);
        return reply
          .type("application/jsonl; charset=utf-8")
          .header("cache-control", "no-store")
          .send(plan.createReadStream());
      },
    );

    app.post(
      "/jobs/:id/cancel",
      {
        schema: {
          summary: "Cancel a job",
          tags: ["jobs"],
          params: JobParamsSchema,
          response: { 202: JobViewSchema },
        },
      },
      async (request, reply) => {
        const { tenant } = engine.get(request.params.id);
        request.audit(tenant === NO_TENANT ? {} : { tenant });
        return reply.code(202).send(jobView(engine.cancel(request.params.id)));
      },
    );
    done();
  };
}
