import { GatewayError } from "../errors.js";
import type { Claim, PluginLogger, TenantRecord } from "../plugin/host.js";
import { errorText } from "../system-error.js";
import type { Tenants } from "./tenants.js";
import { removeTree } from "./tree.js";

/** How long a deletion waits for the tenant's running calls. */
const DELETE_TIMEOUT_MS = 10_000;

export interface CreatedTenant {
  readonly record: TenantRecord;
  /** The only time that it can be seen. */
  readonly token: string;
}

/** What an admin does to tenants. */
export class TenantLifecycle {
  readonly #tenants: Tenants;
  readonly #log: PluginLogger;
  readonly #rotating = new Set<string>();
  readonly #removals = new Set<Promise<void>>();

  constructor(tenants: Tenants, log: PluginLogger) {
    this.#tenants = tenants;
    this.#log = log;
  }

  /** Throws `TENANT_ID_INVALID`, `TENANT_EXISTS` (also for a broken tenant, or a stray directory), `TENANT_BUSY`. */
  async create(id: string, labels: Readonly<Record<string, string>>): Promise<CreatedTenant> {
    const { token, sha256 } = this.#tenants.newToken(id);
    const claim = this.#claim(id, "tenants create");
    try {
      if (await this.#tenants.disk.occupied(id)) {
        throw new GatewayError("TENANT_EXISTS", `Tenant ${id} exists already`, { details: { tenant: id } });
      }
      const record = { ...this.#tenants.newRecord(id, sha256), labels };
      await this.#tenants.notes.remove(id);
      await this.#tenants.disk.create(record);
      await this.#tenants.add(record);
      this.#log.info({ tenant: id, uid: record.uid }, "tenant created");
      return { record, token };
    } finally {
      claim.release();
    }
  }

  /**
   * Gives the tenant another token; the old one is refused from then on. Passes the tenant's gate, so that it never
   * writes into a directory that is being swapped: throws `TENANT_SUSPENDED` then.
   */
  async rotateToken(id: string): Promise<string> {
    const visit = this.#tenants.gate.enter(id);
    try {
      const record = this.existing(id);
      if (this.#rotating.has(id)) {
        throw new GatewayError("TENANT_BUSY", `The token of tenant ${id} is being rotated already`);
      }
      this.#rotating.add(id);
      try {
        const { token, sha256 } = this.#tenants.newToken(id);
        const rotated: TenantRecord = { ...record, tokenSha256: sha256 };
        await this.#tenants.change(rotated);
        this.#log.info({ tenant: id }, "tenant token rotated");
        return token;
      } finally {
        this.#rotating.delete(id);
      }
    } finally {
      visit.end();
    }
  }

  /**
   * Takes a tenant's `tenant.json` as it stands: an admin has changed it by hand. Throws `TENANT_NOT_FOUND`, and
   * `TENANT_RECORD_INVALID` for what is none; what counted before counts on then.
   */
  async accept(id: string): Promise<TenantRecord> {
    const claim = this.#claim(id, "tenants accept");
    try {
      const suspension = await this.#tenants.suspend(id, {
        reason: "tenants accept",
        timeoutMs: DELETE_TIMEOUT_MS,
        keepsFile: true,
      });
      try {
        const read = await this.#tenants.disk.read(id);
        if (read === undefined) throw notFound(id);
        if ("reason" in read) throw new GatewayError("TENANT_RECORD_INVALID", read.reason);
        await this.#tenants.notes.remove(id);
      } finally {
        await suspension.resume();
      }
      this.#log.info({ tenant: id }, "tenant.json accepted");
      return this.existing(id);
    } finally {
      claim.release();
    }
  }

  /**
   * Deletes a tenant, or what is left of a broken one. The slot is free when this returns; the files are removed in the
   * background, and at the next start if the gateway stops before.
   */
  async delete(id: string): Promise<void> {
    const claim = this.#claim(id, "tenants delete");
    try {
      if (!(await this.#tenants.disk.occupied(id))) {
        // Somebody may have removed the directory by hand: the tenant must not live on in memory.
        await this.#tenants.reload(id);
        throw notFound(id);
      }
      const suspension = await this.#tenants.suspend(id, {
        reason: "tenants delete",
        timeoutMs: DELETE_TIMEOUT_MS,
      });
      try {
        this.#removeInBackground(await this.#tenants.disk.moveToTrash(id));
      } finally {
        await suspension.resume();
      }
      this.#log.info({ tenant: id }, "tenant deleted");
    } finally {
      claim.release();
    }
  }

  /** Removes, in the background, what a crash left of deletions, creations and uploads. */
  async removeLeftovers(): Promise<void> {
    for (const leftover of await this.#tenants.disk.leftovers()) this.#removeInBackground(leftover);
  }

  /** Throws `TENANT_NOT_FOUND`. */
  existing(id: string): TenantRecord {
    const record = this.#tenants.get(id);
    if (record === undefined) throw notFound(id);
    return record;
  }

  /** Resolves when no removal runs any more. What a shutdown cuts short, the next start goes on with. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #claim(id: string, holder: string): Claim {
    const claim = this.#tenants.claim(id, holder);
    if (claim.ok) return claim;
    throw new GatewayError("TENANT_BUSY", `Tenant ${id} is busy: ${claim.heldBy}`, {
      details: { tenant: id, heldBy: claim.heldBy },
    });
  }

  #removeInBackground(directory: string): void {
    const removal = removeTree(directory)
      .catch((error: unknown) =>
        this.#log.error({ directory, error: errorText(error) }, "a deleted tree cannot be removed"),
      )
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }
}

function notFound(id: string): GatewayError {
  return new GatewayError("TENANT_NOT_FOUND", `There is no tenant ${id}`, { details: { tenant: id } });
}
