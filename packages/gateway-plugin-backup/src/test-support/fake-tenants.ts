import type { Claim, ClaimRefused, TenantAccess, TenantRecord } from "@openclaw/gateway-core";

/** The host's claims and records, as far as jobs need them. */
export class FakeTenants implements Pick<TenantAccess, "claim" | "get"> {
  readonly holders = new Map<string, string>();
  readonly uids = new Map<string, string>();

  claim(id: string, holder: string): Claim | ClaimRefused {
    const heldBy = this.holders.get(id);
    if (heldBy !== undefined) return { ok: false, heldBy };
    this.holders.set(id, holder);
    return { ok: true, release: () => void this.holders.delete(id) };
  }

  get(id: string): TenantRecord | undefined {
    const uid = this.uids.get(id);
    if (uid === undefined) return undefined;
    return {
      id,
      uid,
      createdAt: "2026-01-01T00:00:00Z",
      tokenSha256: "0".repeat(64),
      quotas: {},
      labels: {},
    };
  }
}
