/** What of the jobs stands in the gateway's audit log. */
import type { AuditAccess } from "@openclaw/gateway-core";
import { NO_TENANT, type JobRecord } from "./types.js";

/** Notes how a job has ended, under the name of who had asked for it. */
export function auditEnd(audit: AuditAccess, job: JobRecord): void {
  const { id, type, tenant, trigger, actor, state, request, result, error, warnings } = job;
  audit.record({
    actor,
    action: `job.${type}`,
    ...(tenant === NO_TENANT ? {} : { tenant }),
    result: state,
    ...(error === undefined ? {} : { code: error.code }),
    details: {
      job: id,
      trigger,
      from: textOf(request["from"]),
      location: textOf(result?.["location"]),
      dryRun: request["dryRun"] === true ? true : undefined,
      warnings: warnings.length === 0 ? undefined : warnings.length,
    },
  });
}

/** Notes that somebody was given the token that a job had made. */
export function auditToken(audit: AuditAccess, job: JobRecord, actor: string): void {
  const { id, tenant } = job;
  audit.record({ actor, action: "token.given", tenant, result: "given", details: { job: id } });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
