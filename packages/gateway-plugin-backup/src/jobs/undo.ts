/** The undo job: gives back what a restore replaced, or empties the slot that it filled. */
import type { Caller, Services } from "./services.js";
import { swapTenant } from "./swap-tenant.js";
import type { JobSubmission } from "./types.js";

/** Throws `JOB_NOT_FOUND`, or `UNDO_NOT_POSSIBLE` with the reason. */
export function undoSubmission(services: Services, jobId: string, caller: Caller): JobSubmission {
  const find = (): ReturnType<Services["trash"]["undoable"]> =>
    services.trash.undoable(jobId, (tenant) => services.host.tenants.get(tenant)?.uid);
  const { tenant } = find();
  return {
    type: "undo",
    tenant,
    ...caller,
    request: { undoes: jobId },
    run: async (context) => {
      const startedAt = services.host.clock.now();
      const { tree, replacedUid } = find();
      const result = { tenant, undid: jobId, undo: context.jobId, present: tree !== undefined };
      await swapTenant(services, context, () =>
        Promise.resolve({ staged: tree, installedUid: replacedUid, undoes: jobId, result }),
      );
      return { result: { ...result, durationMs: services.host.clock.now() - startedAt } };
    },
  };
}
