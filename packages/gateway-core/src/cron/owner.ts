/** Whose schedules they are. */
export type Owner =
  | { readonly kind: "gateway" }
  /** With its uid: the schedules of a tenant that is gone say nothing about another one of the same id. */
  | { readonly kind: "tenant"; readonly id: string; readonly uid: string };

export const GATEWAY: Owner = { kind: "gateway" };

/**
 * Tells owners apart; safe as the name of a file. With the id: an archive may claim any uid, and what was approved for
 * one tenant is not for another one that says it is the same.
 */
export function ownerKey(owner: Owner): string {
  return owner.kind === "gateway" ? "gateway" : `${owner.id}.${owner.uid}`;
}

/** Fits into a sentence. */
export function ownerText(owner: Owner): string {
  return owner.kind === "gateway" ? "the gateway" : `tenant ${owner.id}`;
}

/** The tenant's id, as a part of an object; nothing for the gateway. */
export function tenantOf(owner: Owner): { readonly tenant?: string } {
  return owner.kind === "gateway" ? {} : { tenant: owner.id };
}
