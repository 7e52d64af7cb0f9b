/** Which identity a restored tenant gets: uid, token and quotas, from the archive, the slot or anew. */
import type { NewToken, TenantAccess, TenantRecord } from "@openclaw/gateway-core";

export interface RestoredRecordInput {
  /** The name under which the tenant is restored. */
  readonly tenant: string;
  /** `tenant.json` of the archive, checked; undefined where the archive has none. */
  readonly archived: TenantRecord | undefined;
  /** The tenant that stands in the slot now and is replaced. */
  readonly current: TenantRecord | undefined;
  /** `--token archive`: take the archive's token even where the slot's tenant has one. */
  readonly preferArchiveToken: boolean;
  /** The labels of the tenant that is replaced stay, too. */
  readonly keepsLabels?: boolean;
}

export interface RestoredRecord {
  readonly record: TenantRecord;
  /** `kept`: the slot's token goes on. `archive`: the archive's token is valid again. `new`: see `newToken`. */
  readonly token: "kept" | "archive" | "new";
  readonly newToken?: string;
}

/**
 * Into an empty slot the archive's token comes along, unless another tenant here has it: two tenants never share one.
 * A replaced tenant keeps the token and quotas it has now, so that a token that was rotated away does not come back to
 * life. A tenant that is restored under another name is another tenant: it gets a uid of its own.
 */
export function restoredRecord(
  input: RestoredRecordInput,
  tenants: Pick<TenantAccess, "newRecord" | "newToken">,
  isTokenTaken: (sha256: string) => boolean,
): RestoredRecord {
  const { tenant, archived, current } = input;
  const { token, sha256, made } = chooseToken(input, tenants, isTokenTaken);
  const fresh = tenants.newRecord(tenant, sha256);
  const base = archived ?? current ?? fresh;
  const record: TenantRecord = {
    ...base,
    id: tenant,
    uid: base.id === tenant ? base.uid : fresh.uid,
    tokenSha256: sha256,
    quotas: (current ?? base).quotas,
    labels: (current !== undefined && input.keepsLabels === true ? current : base).labels,
  };
  return made === undefined ? { record, token } : { record, token, newToken: made.token };
}

export interface ReturningRecordInput {
  readonly tenant: string;
  /** The record in the tree that an undo puts back. */
  readonly returning: TenantRecord;
  /** The tenant that stands in the slot now; undefined: none. */
  readonly current: TenantRecord | undefined;
  /** True when the job that is undone had left the tenant its token: the undo does so, too. */
  readonly keepsToken: boolean;
}

export interface ReturningRecord {
  readonly record: TenantRecord;
  /** `kept`: the slot's token goes on. `earlier`: the one of then is valid again. `new`: see `newToken`. */
  readonly token: "kept" | "earlier" | "new";
  readonly newToken?: string;
}

/**
 * What an undo puts back is as it was, but for its token and quotas where the job that is undone had left them alone:
 * those that were changed since do not come back to life. Two tenants never share a token.
 */
export function returningRecord(
  { tenant, returning, current, keepsToken }: ReturningRecordInput,
  tenants: Pick<TenantAccess, "newToken">,
  isTokenTaken: (sha256: string) => boolean,
): ReturningRecord {
  if (current !== undefined && keepsToken) {
    const { tokenSha256, quotas } = current;
    return { record: { ...returning, tokenSha256, quotas }, token: "kept" };
  }
  if (!isTokenTaken(returning.tokenSha256)) return { record: returning, token: "earlier" };
  const { token: newToken, sha256 } = tenants.newToken(tenant);
  return { record: { ...returning, tokenSha256: sha256 }, token: "new", newToken };
}

function chooseToken(
  { tenant, archived, current, preferArchiveToken }: RestoredRecordInput,
  tenants: Pick<TenantAccess, "newToken">,
  isTokenTaken: (sha256: string) => boolean,
): { token: RestoredRecord["token"]; sha256: string; made?: NewToken } {
  if (current !== undefined && !(preferArchiveToken && archived !== undefined)) {
    return { token: "kept", sha256: current.tokenSha256 };
  }
  if (archived !== undefined && !isTokenTaken(archived.tokenSha256)) {
    return { token: "archive", sha256: archived.tokenSha256 };
  }
  const made = tenants.newToken(tenant);
  return { token: "new", sha256: made.sha256, made };
}
