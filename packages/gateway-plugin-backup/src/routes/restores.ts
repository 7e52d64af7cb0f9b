/** Starting restores, and taking them back. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { restoreSubmission } from "../jobs/restore.js";
import { restorePathsSubmission } from "../jobs/restore-paths.js";
import type { Caller, Services } from "../jobs/services.js";
import type { JobSubmission } from "../jobs/types.js";
import { BackupError } from "../errors.js";
import { undoSubmission } from "../jobs/undo.js";
import { accept } from "./accept.js";
import { AcceptedSchema, RestoreBodySchema, type RestoreBody } from "./schemas.js";

export function restoreRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/restores",
      {
        schema: {
          summary: "Restore a tenant from an archive, or some paths of it",
          tags: ["restores"],
          body: RestoreBodySchema,
          response: { 202: AcceptedSchema },
        },
      },
      async (request, reply) => {
        const { actor, trigger } = request;
        const submission = await submissionOf(services, request.body, { actor, trigger });
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

/** Rejects with `REQUEST_INVALID` for what goes with a whole tenant alone, or with paths alone. */
async function submissionOf(services: Services, body: RestoreBody, caller: Caller): Promise<JobSubmission> {
  const { paths, into, token, tenant, ...request } = body;
  if (paths !== undefined) {
    if (tenant !== undefined)
      throw new BackupError(
        "REQUEST_INVALID",
        "Out of a whole gateway's archive a tenant is restored whole.",
      );
    if (token === undefined)
      return restorePathsSubmission(services, { ...request, paths, ...(into && { into }) }, caller);
    throw new BackupError("REQUEST_INVALID", "A restore of paths leaves the tenant's token as it is.");
  }
  const whole = { ...request, ...(token && { token }), ...(tenant !== undefined && { tenant }) };
  if (into === undefined) return restoreSubmission(services, whole, caller);
  throw new BackupError("REQUEST_INVALID", "Only paths are restored into a directory of a tenant.");
}
