/** The answer of every route that starts a job. */
import type { FastifyRequest } from "fastify";
import type { Services } from "../jobs/services.js";
import { NO_TENANT, type JobSubmission } from "../jobs/types.js";
import { jobView } from "./job-view.js";
import { ownJobView } from "./own-views.js";
import type { Accepted } from "./schemas.js";

/** What this needs of Fastify's reply, whose full type differs from route to route. */
interface AcceptingReply {
  readonly request: Pick<FastifyRequest, "audit">;
  code(status: 202): { header(name: "location", value: string): unknown };
}

/** Starts a job, or joins a waiting one that asks for the same: 202, where to look for it, and the job as it stands. */
export function accept(services: Services, submission: JobSubmission, reply: AcceptingReply): Accepted {
  const { job, joined } = start(services, submission, reply);
  reply.code(202).header("location", `/api/admin/jobs/${job.id}`);
  return { job: jobView(job), joined };
}

/** As {@link accept}, of a job that a tenant starts by itself. */
export function acceptOwn(services: Services, submission: JobSubmission, reply: AcceptingReply): Accepted {
  const { job, joined } = start(services, submission, reply);
  reply.code(202).header("location", `/api/tenant/jobs/${job.id}`);
  return { job: ownJobView(job), joined };
}

/** What was started for whom stands in the audit log. */
function start(
  services: Services,
  submission: JobSubmission,
  { request }: AcceptingReply,
): ReturnType<Services["start"]> {
  const { tenant } = submission;
  request.audit(tenant === NO_TENANT ? {} : { tenant });
  const started = services.start(submission);
  request.audit({ details: { job: started.job.id, ...(started.joined ? { joined: true } : {}) } });
  return started;
}
