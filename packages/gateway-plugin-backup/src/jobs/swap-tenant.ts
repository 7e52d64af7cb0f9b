import type { TenantRecord } from "@openclaw/gateway-core";
import { messageOf } from "../system-error.js";
import type { Services } from "./services.js";
import type { SwapRequest } from "./swap.js";
import type { JobContext } from "./types.js";

/** How long running calls of the tenant are waited for before the swap gives up. */
const SUSPEND_TIMEOUT_MS = 30_000;

/**
 * Suspends the tenant, swaps, and lets it serve again, as whoever stands in the slot then. `prepare` says what goes in;
 * it is asked while the tenant is suspended, because only then its record (its token, its quotas) cannot change any more.
 *
 * Throws `TENANT_BUSY` when the tenant's running calls do not end in time, and what `prepare` and the swap throw.
 */
export async function swapTenant(
  services: Services,
  context: JobContext,
  prepare: (
    current: TenantRecord | undefined,
  ) => Promise<Omit<SwapRequest, "jobId" | "tenant" | "replacedUid">>,
): Promise<void> {
  const { signal, tenant } = context;
  const progress = { phase: "swap", doneBytes: 0, files: 0, storedBytes: 0 };
  context.progress(progress);
  const onWait = (jobId: string): void =>
    context.progress({ ...progress, message: `waits for job ${jobId}, which backs up the whole gateway` });
  await services.layout.change(tenant, { signal, onWait }, () => swapSuspended(services, context, prepare));
}

async function swapSuspended(
  services: Services,
  context: JobContext,
  prepare: Parameters<typeof swapTenant>[2],
): Promise<void> {
  const { tenants } = services.host;
  const { jobId, tenant } = context;
  const reason = `job ${jobId} replaces the tenant`;
  const suspension = await tenants.suspend(tenant, { reason, timeoutMs: SUSPEND_TIMEOUT_MS });
  try {
    const current = tenants.get(tenant);
    const prepared = await prepare(current);
    context.uncancellable();
    await services.swap.swap({ ...prepared, jobId, tenant, replacedUid: current?.uid });
  } finally {
    // Whatever came of the swap is on record; that the tenant does not serve at once does not change it.
    await suspension.resume().catch((error: unknown) => {
      const message = `Tenant ${tenant} does not serve: ${messageOf(error)}`;
      context.warn({ code: "TENANT_NOT_RESUMED", message });
    });
  }
}
