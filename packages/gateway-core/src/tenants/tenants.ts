import { GatewayError } from "../errors.js";
import type { Hooks } from "../plugin/hook-bus.js";
import type {
  Claim,
  ClaimRefused,
  Clock,
  NewToken,
  PluginLogger,
  StatePaths,
  Suspension,
  TenantAccess,
  TenantRecord,
} from "../plugin/host.js";
import { errorText } from "../system-error.js";
import { Claims } from "./claims.js";
import { TenantDisk } from "./disk.js";
import { TenantGate } from "./gate.js";
import { newTenantRecord, parseTenantRecord } from "./record.js";
import { TenantRegistry } from "./registry.js";
import { assertTenantId } from "./tenant-id.js";
import { newToken } from "./token.js";

export interface TenantsOptions {
  readonly paths: StatePaths;
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly log: PluginLogger;
}

/** The tenants of this gateway, as plugins see them, over the parts that do the work. */
export class Tenants implements TenantAccess {
  readonly registry = new TenantRegistry();
  readonly gate = new TenantGate();
  readonly disk: TenantDisk;
  readonly #claims = new Claims();
  readonly #hooks: Hooks;
  readonly #clock: Clock;
  readonly #log: PluginLogger;

  constructor(options: TenantsOptions) {
    this.disk = new TenantDisk(options.paths);
    this.#hooks = options.hooks;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Called once, before plugins are set up. */
  async load(): Promise<void> {
    const { records, broken } = await this.disk.load();
    this.registry.load(records, broken);
    for (const one of broken) this.#log.warn({ tenant: one.id, reason: one.reason }, "tenant is not served");
    for (const { refused } of this.registry.sharedTokens()) {
      this.#log.warn({ tenants: refused }, "tenants share a token and are not served");
    }
  }

  list(): readonly TenantRecord[] {
    return this.registry.list();
  }

  get(id: string): TenantRecord | undefined {
    return this.registry.get(id);
  }

  directory(id: string): string {
    assertTenantId(id);
    return this.disk.directory(id);
  }

  parseRecord(json: unknown): TenantRecord {
    return parseTenantRecord(json);
  }

  newRecord(id: string, tokenSha256: string): TenantRecord {
    assertTenantId(id);
    return newTenantRecord(id, tokenSha256, this.#clock);
  }

  newToken(id: string): NewToken {
    assertTenantId(id);
    return newToken(id);
  }

  findByTokenHash(sha256: string): TenantRecord | undefined {
    return this.registry.findByTokenHash(sha256);
  }

  claim(id: string, holder: string): Claim | ClaimRefused {
    assertTenantId(id);
    return this.#claims.take(id, holder);
  }

  async suspend(
    id: string,
    options: { readonly reason: string; readonly timeoutMs: number },
  ): Promise<Suspension> {
    const directory = this.directory(id);
    if (!this.#claims.isHeld(id)) throw new Error(`suspend(${id}) needs the claim on the slot`);
    await this.gate.suspend(id, options.timeoutMs);
    this.#log.info({ tenant: id, reason: options.reason }, "tenant suspended");
    const failures = await this.#hooks.run("tenantSuspended", { tenant: id, directory });
    const resume = this.#resumeOnce(id, directory);
    if (failures[0] !== undefined) {
      // Files may be open still: whoever wanted the directory must not touch it.
      await resume();
      const { plugin, error } = failures[0];
      throw new GatewayError(
        "TENANT_BUSY",
        `Tenant ${id} cannot be suspended: plugin ${plugin} does not let go of it: ${error.message}`,
        { details: { tenant: id, plugin }, cause: error },
      );
    }
    return { resume };
  }

  #resumeOnce(id: string, directory: string): () => Promise<void> {
    let resumed: Promise<void> | undefined;
    return () => (resumed ??= this.#resume(id, directory));
  }

  async #resume(id: string, directory: string): Promise<void> {
    try {
      const present = await this.reload(id);
      const failures = await this.#hooks.run("tenantResumed", { tenant: id, directory, present });
      for (const { plugin, error } of failures) {
        this.#log.error({ tenant: id, plugin, error: errorText(error) }, "a tenantResumed hook failed");
      }
    } finally {
      this.gate.resume(id);
    }
    this.#log.info({ tenant: id }, "tenant resumed");
  }

  /** Reads the slot's record again. True when a tenant stands there. */
  async reload(id: string): Promise<boolean> {
    const read = await this.disk.read(id);
    if (read === undefined) {
      if (await this.disk.occupied(id)) this.registry.putBroken({ id, reason: "tenant.json is missing" });
      else this.registry.remove(id);
      return false;
    }
    if ("reason" in read) {
      this.registry.putBroken(read);
      this.#log.error({ tenant: id, reason: read.reason }, "tenant is not served");
      return false;
    }
    this.registry.put(read);
    return true;
  }
}
