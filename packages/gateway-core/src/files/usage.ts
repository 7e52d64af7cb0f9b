import { GatewayError } from "../errors.js";
import type { Clock, TenantRecord } from "../plugin/host.js";
import { measureTree, type TreeUsage } from "../tenants/tree.js";

/**
 * How long a measurement holds. Between two, uploads and deletions through the file API are added up; what else writes
 * into the tenant is seen at the next.
 */
const MEASUREMENT_HOLDS_MS = 60_000;

interface Account {
  bytes: number;
  entries: number;
  readonly measuredAt: number;
}

/** What tenants with quotas take on disk. Tenants without are never measured. */
export class TenantUsage {
  readonly #clock: Clock;
  /** By uid. */
  readonly #accounts = new Map<string, Promise<Account>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Measures the tenant's directory if its quotas ask for it and nothing recent is known. */
  async allowance(record: TenantRecord, directory: string): Promise<Allowance> {
    const { bytes, entries } = record.quotas;
    if (bytes === undefined && entries === undefined) return new Allowance(record, undefined);
    const known = await this.#accounts.get(record.uid);
    if (known !== undefined && this.#clock.now() - known.measuredAt < MEASUREMENT_HOLDS_MS) {
      return new Allowance(record, known);
    }
    const measuring = measureTree(directory).then((usage: TreeUsage) => ({
      ...usage,
      measuredAt: this.#clock.now(),
    }));
    this.#accounts.set(record.uid, measuring);
    measuring.catch(() => this.#accounts.delete(record.uid));
    return new Allowance(record, await measuring);
  }

  /** A file of the tenant was deleted. */
  async freed(record: TenantRecord, bytes: number): Promise<void> {
    const account = await this.#accounts.get(record.uid);
    if (account === undefined) return;
    account.bytes -= bytes;
    account.entries -= 1;
  }
}

/** One upload's share of its tenant's quotas. What is taken counts at once, so that parallel uploads see each other. */
export class Allowance {
  readonly #record: TenantRecord;
  readonly #account: Account | undefined;
  #bytes = 0;
  #entries = 0;

  constructor(record: TenantRecord, account: Account | undefined) {
    this.#record = record;
    this.#account = account;
  }

  /** Throws `QUOTA_EXCEEDED` when this much more is too much; takes nothing then. A negative number gives back. */
  take(bytes: number, entries: number): void {
    const account = this.#account;
    if (account === undefined) return;
    const { quotas } = this.#record;
    this.#check("bytes", account.bytes + bytes, bytes, quotas.bytes);
    this.#check("entries", account.entries + entries, entries, quotas.entries);
    account.bytes += bytes;
    account.entries += entries;
    this.#bytes += bytes;
    this.#entries += entries;
  }

  /** The upload failed: nothing of it stays. */
  cancel(): void {
    if (this.#account === undefined) return;
    this.#account.bytes -= this.#bytes;
    this.#account.entries -= this.#entries;
    this.#bytes = 0;
    this.#entries = 0;
  }

  #check(what: "bytes" | "entries", wanted: number, more: number, quota: number | undefined): void {
    if (quota === undefined || more <= 0 || wanted <= quota) return;
    throw new GatewayError(
      "QUOTA_EXCEEDED",
      `Tenant ${this.#record.id} would take ${wanted} ${what}; its quota is ${quota}`,
      {
        details: { tenant: this.#record.id, quota: what, limit: quota },
        hint: "Delete files, or ask the gateway's admin for more.",
      },
    );
  }
}
