import type { BackupConfig, DestinationConfig } from "../config.js";
import { joinKey, parseLocation } from "../stores/location.js";
import type { ArchiveRecord } from "./ledger/archives.js";

export interface NamedDestination {
  readonly name: string;
  readonly config: DestinationConfig;
}

/** Where something is. Without `endpoint` every endpoint will do; the catalogue's is empty for AWS. */
export type PlaceInStore = Pick<ArchiveRecord, "storeKind" | "bucket" | "key"> & {
  readonly endpoint?: string;
};

/** The named destination with the longest url that a place lies in. */
export function destinationOf(
  destinations: BackupConfig["destinations"],
  place: PlaceInStore,
): NamedDestination | undefined {
  let best: { readonly found: NamedDestination; readonly length: number } | undefined;
  for (const [name, config] of Object.entries(destinations)) {
    const prefix = prefixIn(config, place);
    if (prefix === undefined || !liesIn(place.key, prefix)) continue;
    if (best === undefined || prefix.length > best.length)
      best = { found: { name, config }, length: prefix.length };
  }
  return best?.found;
}

/** Of the keys in a destination, without a slash at its end; undefined when it is in another store. */
function prefixIn({ url, endpoint: own = "" }: DestinationConfig, place: PlaceInStore): string | undefined {
  const base = parseLocation(url);
  if (base.kind === "path") return place.storeKind === "local" ? base.path.replace(/\/+$/, "") : undefined;
  if (base.kind !== "s3" || place.storeKind !== "s3" || base.bucket !== place.bucket) return undefined;
  const { endpoint = own } = place;
  return endpoint === own ? joinKey(base.key).replace(/\/+$/, "") : undefined;
}

function liesIn(key: string, prefix: string): boolean {
  return prefix === "" || key === prefix || key.startsWith(`${prefix}/`);
}
