/** The destinations that there are, for people: where they lead, what they do to archives, and how much lies in them. */
import type { DestinationConfig } from "../config.js";
import { joinKey, parseLocation } from "../stores/location.js";
import { storeColumns } from "./destinations.js";
import type { PlacePrefix } from "./ledger/archives.js";
import type { Services } from "./services.js";

/** No secrets. */
export interface ListedDestination {
  /** Absent: the gateway's default place, where the config names none. */
  readonly name?: string;
  readonly kind: "local" | "s3";
  readonly url: string;
  readonly endpoint?: string;
  readonly region?: string;
  /** Backups that name no destination go there. */
  readonly isDefault: boolean;
  /** Public keys that archives are encrypted to. */
  readonly recipients: string[];
  readonly lock?: { readonly mode: string; readonly days: number };
  /** Globs of the tenants that may use it by themselves. */
  readonly tenants: string[];
  /** Archives of the catalogue whose place is in it, and their bytes. */
  readonly archives: number;
  readonly bytes: number;
}

type Parts = Pick<Services, "config" | "destinations" | "ledger">;

/** The default one first, then by name. */
export function listDestinations(services: Parts): ListedDestination[] {
  const { defaultDestination, destinations } = services.config;
  const named = Object.entries(destinations)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, config]) => namedDestination(services, name, config));
  const all = defaultDestination === undefined ? [defaultPlace(services), ...named] : named;
  return all.sort((a, b) => Number(b.isDefault) - Number(a.isDefault));
}

function namedDestination(
  { config, ledger }: Parts,
  name: string,
  { url, endpoint, region, recipients = [], lock, tenants = [] }: DestinationConfig,
): ListedDestination {
  const shown = shownEndpoint(endpoint);
  return {
    name,
    kind: url.startsWith("s3://") ? "s3" : "local",
    url,
    ...(shown === undefined ? {} : { endpoint: shown }),
    ...(region === undefined ? {} : { region }),
    isDefault: name === config.defaultDestination,
    recipients,
    ...(lock === undefined ? {} : { lock }),
    tenants,
    ...ledger.archives.within(prefixOf(url, endpoint)),
  };
}

function prefixOf(url: string, endpoint = ""): PlacePrefix {
  const place = parseLocation(url);
  return place.kind === "s3"
    ? { storeKind: "s3", endpoint, bucket: place.bucket, prefix: asPrefix(joinKey(place.key)) }
    : { storeKind: "local", endpoint: "", bucket: "", prefix: asPrefix(url) };
}

function asPrefix(key: string): string {
  return key === "" || key.endsWith("/") ? key : `${key}/`;
}

function defaultPlace({ destinations, ledger }: Parts): ListedDestination {
  const { settings, key, location } = destinations.directory(undefined);
  const shown = settings.kind === "s3" ? shownEndpoint(settings.endpoint) : undefined;
  return {
    kind: settings.kind,
    url: location.replace(/\/+$/, ""),
    ...(shown === undefined ? {} : { endpoint: shown }),
    ...(settings.kind === "s3" && settings.region !== undefined ? { region: settings.region } : {}),
    isDefault: true,
    recipients: [],
    tenants: ["*"],
    ...ledger.archives.within({ ...storeColumns(settings), prefix: key }),
  };
}

/** Without what might be a password in it, which is refused when it is used. */
function shownEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined || !URL.canParse(endpoint)) return undefined;
  const { protocol, host, pathname } = new URL(endpoint);
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
}
