/** The dry run of a backup: what would go in, what is left out and why, and what is large. */
import { backedUpTenant } from "./backed-up-tenant.js";
import { preparePlan } from "./plans.js";
import type { Services } from "./services.js";
import type { JobContext, JobOutcome } from "./types.js";

export async function dryRun(
  services: Services,
  request: { readonly tenant: string; readonly allowUnreadable?: boolean; readonly list?: boolean },
  context: JobContext,
): Promise<JobOutcome> {
  const plan = request.list === true ? await preparePlan(services.host, context.jobId) : undefined;
  try {
    const operation = { ...backedUpTenant(services, request), planFile: plan?.file };
    const { warnings, ...result } = await services.threads.run("scan", operation, { signal: context.signal });
    for (const warning of warnings) context.warn(warning);
    return {
      result: { dryRun: true, ...result, ...(plan === undefined ? {} : { listedUntil: plan.until }) },
    };
  } catch (error) {
    await plan?.discard();
    throw error;
  }
}
