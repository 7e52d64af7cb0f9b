/** Archives of the gateway itself: its state directory, and its workspace volume where that lies apart. */
import { TENANT_ID } from "./tenant-id.js";

/**
 * What stands in the place of a tenant's id, in the index and wherever archives are told apart, with the archive's root.
 * No tenant's id has an `@`.
 */
export const GATEWAY_PARTS = { "@state": "state", "@workspace": "workspace" } as const;

export type GatewayPart = keyof typeof GATEWAY_PARTS;

export function isGatewayPart(tenant: string): tenant is GatewayPart {
  return Object.hasOwn(GATEWAY_PARTS, tenant);
}

/** The directory of the tar under which all entries stand. */
export function rootOf(tenant: string): string {
  return isGatewayPart(tenant) ? GATEWAY_PARTS[tenant] : `tenants/${tenant}`;
}

/** As {@link rootOf}; undefined for what is neither a tenant's id nor a part. */
export function archiveRoot(tenant: string): string | undefined {
  return isGatewayPart(tenant) || TENANT_ID.test(tenant) ? rootOf(tenant) : undefined;
}

/** Whose archive it is, in a sentence: `tenant acme`, `the gateway's state`. */
export function ownerName(tenant: string): string {
  return isGatewayPart(tenant) ? `the gateway's ${GATEWAY_PARTS[tenant]}` : `tenant ${tenant}`;
}
