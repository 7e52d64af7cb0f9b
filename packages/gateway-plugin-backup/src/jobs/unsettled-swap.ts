import { BackupError } from "../errors.js";
import type { Services } from "./services.js";

/**
 * Leaves a slot alone whose last swap has no end in the journal: the ledger could not be written just then, and the next
 * start tells from what exists how far the swap had come. A deletion, or another swap, in between would mislead it: it
 * could bring back what a restore had replaced. Call it after the start has settled what it could.
 */
export function guardUnsettledSwaps({ host, ledger }: Services): void {
  host.hooks.on("tenantSuspended", ({ tenant }) => {
    const swap = ledger.swaps.open().find((open) => open.tenant === tenant);
    if (swap === undefined) return;
    throw new BackupError(
      "TENANT_BUSY",
      `the ledger does not say how job ${swap.jobId}, which replaced the tenant, ended; restart the gateway, which settles it.`,
    );
  });
}
