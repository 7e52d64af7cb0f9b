/** Names of archives: the automatic one, and the placeholders that a person may write into `--to`. */
import { joinKey } from "../stores/location.js";

/** `2026-03-07T02-00-00Z`: RFC 3339 in UTC without characters that file systems or shells object to. */
export function timestampName(now: number): string {
  return new Date(now)
    .toISOString()
    .replace(/\.\d{3}Z$/, "Z")
    .replaceAll(":", "-");
}

/** `<prefix>/tenants/<tenant>/<2026-03-07T02-00-00Z>.tar.zst`; of a sealed archive `.age`, or `.piped`, comes behind it. */
export function automaticName(prefix: string, tenant: string, now: number): string {
  return joinKey(prefix, "tenants", tenant, `${timestampName(now)}.tar.zst`);
}

const AUTOMATIC_NAME =
  /(?:^|\/)tenants\/([^/]+)\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.tar\.zst(?:\.age|\.piped)?$/;

/** True for a key or path as {@link automaticName} makes it for this tenant, whatever the prefix. */
export function isAutomaticName(key: string, tenant: string): boolean {
  return tenantOfName(key) === tenant;
}

/** The tenant in an automatic name, whatever the prefix; undefined for any other key. */
export function tenantOfName(key: string): string | undefined {
  return AUTOMATIC_NAME.exec(key)?.[1];
}

/** True for a name that says that nobody can look into the archive without a key. */
export function isSealedName(key: string): boolean {
  return /\.(?:age|piped)$/.test(key);
}

/** True for what lies below `pre-delete/`: the last backup of what was about to be deleted. */
export function isPreDelete(key: string): boolean {
  return key.split("/").slice(0, -1).includes("pre-delete");
}

/**
 * Fills in `{tenant}`, `{date}` (2026-03-07) and `{timestamp}` (2026-03-07T02-00-00Z), both UTC. Other braces stay as
 * they are.
 */
export function fillPlaceholders(text: string, tenant: string, now: number): string {
  return fillTimes(text.replaceAll("{tenant}", tenant), now);
}

/** As {@link fillPlaceholders}, of what is no tenant's: `{tenant}` stays as it is, too. */
export function fillTimes(text: string, now: number): string {
  const timestamp = timestampName(now);
  return text.replaceAll("{date}", timestamp.slice(0, 10)).replaceAll("{timestamp}", timestamp);
}
