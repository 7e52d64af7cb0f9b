import type { TenantRecord } from "../plugin/host.js";
import { equalHashes } from "./token.js";

/** A tenant directory whose record cannot be read. */
export interface BrokenTenant {
  readonly id: string;
  /** What is wrong with `tenant.json`, in one line. */
  readonly reason: string;
  /** The system could not read it just now, which says nothing about what it holds. */
  readonly isUnread?: true;
}

/** Tenants that are refused service because their token hash is, or was at start, another tenant's too. */
export interface SharedToken {
  readonly refused: readonly string[];
}

/** The tenants as they stand in memory: no call of a tenant touches the disk to be authenticated. */
export class TenantRegistry {
  readonly #records = new Map<string, TenantRecord>();
  /** Served tenants by token hash. A tenant that is refused service is in `#records` only. */
  readonly #served = new Map<string, TenantRecord>();
  /** Hashes that several tenants had at start: refused until each of those tenants has another token. */
  readonly #refused = new Set<string>();
  readonly #broken = new Map<string, BrokenTenant>();

  /**
   * Takes what was found at start. Of tenants that share a token hash none is served: which of them the token was
   * given out for cannot be known.
   */
  load(records: readonly TenantRecord[], broken: readonly BrokenTenant[]): void {
    for (const sharing of byTokenHash(records).values()) {
      for (const record of sharing) {
        this.#records.set(record.id, record);
        if (sharing.length === 1) this.#served.set(record.tokenSha256, record);
        else this.#refused.add(record.tokenSha256);
      }
    }
    for (const one of broken) this.#broken.set(one.id, one);
  }

  /**
   * Puts a record in place of the one that its slot had. A token hash that another tenant has already stays with that
   * one; the newcomer is not served.
   */
  put(record: TenantRecord): void {
    this.remove(record.id);
    const taken =
      this.#refused.has(record.tokenSha256) || this.findByTokenHash(record.tokenSha256) !== undefined;
    this.#records.set(record.id, record);
    if (!taken) this.#served.set(record.tokenSha256, record);
  }

  putBroken(broken: BrokenTenant): void {
    this.remove(broken.id);
    this.#broken.set(broken.id, broken);
  }

  remove(id: string): void {
    const record = this.#records.get(id);
    if (record !== undefined && this.#isServed(record)) this.#served.delete(record.tokenSha256);
    this.#records.delete(id);
    this.#broken.delete(id);
  }

  get(id: string): TenantRecord | undefined {
    return this.#records.get(id);
  }

  /** Sorted by id. */
  list(): readonly TenantRecord[] {
    return [...this.#records.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** The tenant that calls with a token of this hash. */
  authenticate(sha256: string): TenantRecord | undefined {
    const record = this.#served.get(sha256);
    return record !== undefined && equalHashes(record.tokenSha256, sha256) ? record : undefined;
  }

  /** A tenant that has this token hash, served or not. */
  findByTokenHash(sha256: string): TenantRecord | undefined {
    return this.#served.get(sha256) ?? this.list().find((record) => record.tokenSha256 === sha256);
  }

  broken(): readonly BrokenTenant[] {
    return [...this.#broken.values()];
  }

  sharedTokens(): readonly SharedToken[] {
    const refused = this.list().filter((record) => !this.#isServed(record));
    return [...byTokenHash(refused).values()].map((records) => ({
      refused: records.map((record) => record.id),
    }));
  }

  #isServed(record: TenantRecord): boolean {
    return this.#served.get(record.tokenSha256)?.id === record.id;
  }
}

function byTokenHash(records: readonly TenantRecord[]): ReadonlyMap<string, readonly TenantRecord[]> {
  const groups = new Map<string, TenantRecord[]>();
  for (const record of records) {
    const group = groups.get(record.tokenSha256);
    if (group === undefined) groups.set(record.tokenSha256, [record]);
    else group.push(record);
  }
  return groups;
}
