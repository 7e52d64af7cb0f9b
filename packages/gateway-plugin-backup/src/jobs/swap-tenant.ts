import type { Services } from "./services.js";
import type { SwapRequest } from "./swap.js";
import type { JobContext } from "./types.js";

/** How long running calls of the tenant are waited for before the swap gives up. */
const SUSPEND_TIMEOUT_MS = 30_000;

/**
 * Suspends the tenant, swaps, and lets it serve again, as whoever stands in the slot then. Throws `TENANT_BUSY` when
 * its running calls do not end in time, and what the swap throws.
 */
export async function swapTenant(
  services: Services,
  context: JobContext,
  request: Omit<SwapRequest, "jobId" | "replacedUid">,
): Promise<void> {
  const { tenants } = services.host;
  context.progress({ phase: "swap", doneBytes: 0, totalBytes: 0, files: 0, totalFiles: 0, storedBytes: 0 });
  const reason = `job ${context.jobId} replaces the tenant`;
  const suspension = await tenants.suspend(request.tenant, { reason, timeoutMs: SUSPEND_TIMEOUT_MS });
  try {
    context.uncancellable();
    const replacedUid = tenants.get(request.tenant)?.uid;
    await services.swap.swap({ ...request, jobId: context.jobId, replacedUid });
  } finally {
    // Whatever came of the swap is on record; that the tenant does not serve at once does not change it.
    await suspension.resume().catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      context.warn({
        code: "TENANT_NOT_RESUMED",
        message: `Tenant ${request.tenant} does not serve: ${message}`,
      });
    });
  }
}
