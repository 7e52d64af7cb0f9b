/**
 * The gateways whose backups lie in one place, a bucket for example, each under a prefix of its own: what the names of the
 * objects tell of them. No object is read, and none of these gateways is asked.
 */
import { tenantOfName } from "./archive-name.js";
import { setObjectName } from "./gateway/set-names.js";
import type { Services } from "./services.js";
import type { ListedObject } from "./thread/protocol.js";

export interface GatewayInPlace {
  /** Ends with a slash; empty for the place itself. */
  readonly prefix: string;
  readonly location: string;
  /** Scheduled backups of the whole gateway that are complete, and how many have no backup.json. */
  readonly sets: number;
  readonly incompleteSets: number;
  /** When the newest complete one was begun, and when the last `--pre-delete` one ended: milliseconds since the epoch. */
  readonly newestSetAt?: number;
  readonly preDeleteAt?: number;
  /** Tenants that have archives with automatic names, and these archives. */
  readonly tenants: number;
  readonly archives: number;
  readonly newestArchiveAt?: number;
  /** Of all of these. */
  readonly bytes: number;
}

/** By prefix. Rejects with what the store rejects with. */
export async function gatewaysIn(
  { destinations, threads }: Pick<Services, "destinations" | "threads">,
  to: string,
): Promise<readonly GatewayInPlace[]> {
  const { settings: store, key, location } = destinations.directory(to);
  const { signal } = new AbortController();
  const objects = await threads.run("list", { store, key }, { signal });
  const start = location.slice(0, location.length - key.length);
  return gatewaysOf(objects).map((gateway) => ({ ...gateway, location: start + gateway.prefix }));
}

/** What is seen of a gateway while the objects go by. */
class Seen {
  readonly sets = new Map<string, { isComplete: boolean }>();
  readonly tenants = new Set<string>();
  archives = 0;
  bytes = 0;
  preDeleteAt: number | undefined;
  newestArchiveAt: number | undefined;
}

function gatewaysOf(objects: readonly ListedObject[]): Omit<GatewayInPlace, "location">[] {
  const gateways = new Map<string, Seen>();
  const at = (prefix: string): Seen => {
    const seen = gateways.get(prefix) ?? new Seen();
    gateways.set(prefix, seen);
    return seen;
  };
  for (const object of objects) {
    if (!noteSetObject(object, at)) noteArchive(object, at);
  }
  return [...gateways]
    .map(([prefix, seen]) => ({ prefix, ...shown(seen) }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

function noteSetObject({ key, size, modifiedAt }: ListedObject, at: (prefix: string) => Seen): boolean {
  const name = setObjectName(key);
  if (name === undefined) return false;
  const end = name.directory.length - 1;
  const start = name.directory.lastIndexOf("/", end - 1) + 1;
  const prefix = name.directory.slice(0, start);
  const directory = name.directory.slice(start, end);
  if (name.kind === "pre-delete") {
    const seen = at(prefix);
    if (name.isManifest) seen.preDeleteAt = modifiedAt;
    seen.bytes += size;
    return true;
  }
  // In a directory that a person chose, a name alone proves nothing.
  if (Number.isNaN(timeOf(directory))) return false;
  const seen = at(prefix);
  const set = seen.sets.get(directory) ?? { isComplete: false };
  if (name.isManifest) set.isComplete = true;
  seen.sets.set(directory, set);
  seen.bytes += size;
  return true;
}

function noteArchive({ key, size, modifiedAt }: ListedObject, at: (prefix: string) => Seen): void {
  const tenant = tenantOfName(key);
  if (tenant === undefined) return;
  const seen = at(key.slice(0, key.lastIndexOf(`tenants/${tenant}/`)));
  seen.tenants.add(tenant);
  seen.archives += 1;
  seen.bytes += size;
  seen.newestArchiveAt = Math.max(seen.newestArchiveAt ?? modifiedAt, modifiedAt);
}

function shown(seen: Seen): Omit<GatewayInPlace, "prefix" | "location"> {
  const complete = [...seen.sets].filter(([, { isComplete }]) => isComplete).map(([name]) => timeOf(name));
  return {
    sets: complete.length,
    incompleteSets: seen.sets.size - complete.length,
    ...(complete.length === 0 ? {} : { newestSetAt: Math.max(...complete) }),
    ...(seen.preDeleteAt === undefined ? {} : { preDeleteAt: seen.preDeleteAt }),
    tenants: seen.tenants.size,
    archives: seen.archives,
    ...(seen.newestArchiveAt === undefined ? {} : { newestArchiveAt: seen.newestArchiveAt }),
    bytes: seen.bytes,
  };
}

/** Of `2026-03-07T02-00-00Z`; NaN for any other name. */
function timeOf(directory: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/.test(directory)
    ? Date.parse(directory.replace(/T(\d\d)-(\d\d)-(\d\d)Z$/, "T$1:$2:$3Z"))
    : Number.NaN;
}
