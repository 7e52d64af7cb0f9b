/**
 * Which tenants' directories stand where, as long as somebody reads all of them: a backup of the whole gateway holds the
 * layout, and what replaces or removes a tenant's directory meanwhile waits (restores, undo) or is refused (deletion). So
 * such a backup has each tenant as it was before, or as it is after, and none in between.
 */
import type { PluginHost } from "@openclaw/gateway-core";
import { BackupError } from "../errors.js";

export class TenantLayout {
  /** The job that holds it. */
  #holder: string | undefined;
  /** Tenants whose directories are being replaced, or removed. */
  readonly #changing = new Set<string>();
  #waiting: (() => void)[] = [];

  /**
   * Runs `work` with the layout held, once changes that are under way have ended. One at a time. Rejects with the signal's
   * reason.
   */
  async hold<T>(
    jobId: string,
    { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => void },
    work: () => Promise<T>,
  ): Promise<T> {
    while (this.#holder !== undefined || this.#changing.size > 0) {
      onWait();
      await this.#next(signal);
    }
    this.#holder = jobId;
    try {
      return await work();
    } finally {
      this.#holder = undefined;
      this.#wake();
    }
  }

  /**
   * Runs `work`, which replaces a tenant's directory, when nobody holds the layout. Rejects with the signal's reason.
   *
   * @param onWait Is told of the job that is waited for.
   */
  async change<T>(
    tenant: string,
    { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: (jobId: string) => void },
    work: () => Promise<T>,
  ): Promise<T> {
    while (this.#holder !== undefined) {
      onWait(this.#holder);
      await this.#next(signal);
    }
    // Its slot is claimed: nobody else changes it.
    this.#changing.add(tenant);
    try {
      return await work();
    } finally {
      this.#end(tenant);
    }
  }

  /** The host's own changes: a tenant is suspended before its directory goes, and resumed after. */
  watch({ hooks }: Pick<PluginHost, "hooks">): void {
    const suspended = new Set<string>();
    hooks.on("tenantSuspended", ({ tenant }) => {
      // Of a job that has waited for its turn.
      if (this.#changing.has(tenant)) return;
      if (this.#holder !== undefined)
        throw new BackupError(
          "TENANT_BUSY",
          `job ${this.#holder} is backing up the whole gateway; try again when it has ended, or cancel it.`,
        );
      suspended.add(tenant);
      this.#changing.add(tenant);
    });
    hooks.on("tenantResumed", ({ tenant }) => {
      if (suspended.delete(tenant)) this.#end(tenant);
    });
  }

  #end(tenant: string): void {
    this.#changing.delete(tenant);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
    });
  }
}
