import type { TenantAccess } from "@openclaw/gateway-core";

/**
 * Token hashes that running restores are about to bring in. Two restores of one archive under different names would
 * otherwise both find its token free, and two tenants would share it.
 */
export class TokenReservations {
  readonly #tenants: Pick<TenantAccess, "findByTokenHash">;
  readonly #byJob = new Map<string, { readonly sha256: string; readonly tenant: string }>();

  constructor(tenants: Pick<TenantAccess, "findByTokenHash">) {
    this.#tenants = tenants;
  }

  /** True when a tenant other than `tenant` has this token hash, or a running restore will give it to one. */
  isTaken(sha256: string, tenant: string): boolean {
    const holder = this.#tenants.findByTokenHash(sha256);
    if (holder !== undefined && holder.id !== tenant) return true;
    return [...this.#byJob.values()].some((other) => other.sha256 === sha256 && other.tenant !== tenant);
  }

  reserve(jobId: string, sha256: string, tenant: string): void {
    this.#byJob.set(jobId, { sha256, tenant });
  }

  release(jobId: string): void {
    this.#byJob.delete(jobId);
  }
}
