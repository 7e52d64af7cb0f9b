import { GatewayError } from "../errors.js";

/** A tenant's id is the name of its directory, part of its token and of its archives' keys. */
export const TENANT_ID_PATTERN = "^[a-z0-9][a-z0-9_-]{0,31}$";

const pattern = new RegExp(TENANT_ID_PATTERN);

export function isTenantId(text: string): boolean {
  return pattern.test(text);
}

/** Throws `TENANT_ID_INVALID`. */
export function assertTenantId(text: string): void {
  if (!isTenantId(text)) {
    throw new GatewayError("TENANT_ID_INVALID", `${JSON.stringify(text)} is not a tenant id`);
  }
}
