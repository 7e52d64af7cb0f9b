/**
 * From what a person writes (`--to`, `--from`, S3 flags), config and the gateway's environment to a store and a key.
 */
import { BackupError } from "../errors.js";
import type { BackupConfig, DestinationConfig, SecretReference } from "../config.js";
import { joinKey, parseLocation } from "../stores/location.js";
import { checkEndpoint } from "../stores/s3/client.js";
import type {
  LocalStoreSettings,
  S3Credentials,
  S3StoreSettings,
  StoreSettings,
} from "../stores/settings.js";
import { automaticName, fillPlaceholders, fillTimes } from "./archive-name.js";
import { destinationOf, type NamedDestination } from "./destination-of.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { StoreAddress } from "./types.js";

/** S3 settings of one request: the command line's `--endpoint`, `--access-key`, … */
export interface S3Options {
  readonly endpoint?: string;
  readonly region?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** Of temporary keys. */
  readonly sessionToken?: string;
  /** Name of a profile in the AWS configuration of the gateway's machine. */
  readonly profile?: string;
  readonly pathStyle?: boolean;
}

/** One object: the store's settings (secrets included, memory only) and the key in it. */
export interface ResolvedObject {
  readonly settings: StoreSettings;
  readonly key: string;
  /** As a person would write it; no secrets. */
  readonly location: string;
  /** True for a name that was made here, not given. */
  readonly isAutomatic: boolean;
}

function partLimitsOf(destination: DestinationConfig | undefined): Pick<S3StoreSettings, "partLimits"> {
  const { maxParts, equalParts } = destination ?? {};
  if (maxParts === undefined && equalParts === undefined) return {};
  return {
    partLimits: {
      ...(maxParts === undefined ? {} : { maxParts }),
      ...(equalParts === undefined ? {} : { equalParts }),
    },
  };
}

/** Where the settings lead, without secrets and without what is found anew each time: for the ledger. */
export function addressOf(settings: StoreSettings): StoreAddress {
  if (settings.kind === "local") return { kind: "local" };
  const { credentials, rates, abilities, partLimits, destination, ...address } = settings;
  return credentials !== undefined && "profile" in credentials
    ? { ...address, profile: credentials.profile }
    : address;
}

/** What tells stores apart in the catalogue; empty is what a store has not: AWS an endpoint, local files both. */
export function storeColumns(
  settings: StoreSettings,
): Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket"> {
  return settings.kind === "local"
    ? { storeKind: "local", endpoint: "", bucket: "" }
    : { storeKind: "s3", endpoint: settings.endpoint ?? "", bucket: settings.bucket };
}

export interface DestinationsOptions {
  readonly config: BackupConfig;
  /** The gateway's environment: `S3_ENDPOINT S3_BUCKET S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY S3_SESSION_TOKEN S3_REGION S3_PREFIX`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The state directory's `backups/`: the default destination where none is configured. */
  readonly embedded: string;
  resolveSecret(reference: SecretReference): string;
}

export class Destinations {
  readonly #config: BackupConfig;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #embedded: string;
  readonly #resolveSecret: (reference: SecretReference) => string;

  /** Throws `DESTINATION_UNKNOWN` when `defaultDestination` names none, `REQUEST_INVALID` for a directory with a lock. */
  constructor(options: DestinationsOptions) {
    this.#config = options.config;
    this.#env = options.env;
    this.#embedded = options.embedded;
    this.#resolveSecret = (reference) => options.resolveSecret(reference);
    if (this.#config.defaultDestination !== undefined) this.#destination(this.#config.defaultDestination);
    for (const [name, { url, lock }] of Object.entries(this.#config.destinations)) {
      if (lock === undefined || url.startsWith("s3://")) continue;
      throw new BackupError(
        "REQUEST_INVALID",
        `Destination ${name} wants its archives locked, and ${url} is a directory: only S3 stores have object lock.`,
        { hint: `Take plugins.backup.destinations.${name}.lock out of the config.` },
      );
    }
  }

  /** Whether config or environment name a place in S3. */
  get areInS3(): boolean {
    const urls = Object.values(this.#config.destinations).map(({ url }) => url);
    return nonEmpty(this.#env["S3_BUCKET"]) !== undefined || urls.some((url) => url.startsWith("s3://"));
  }

  /**
   * Where a backup of `tenant` goes. Without `to`, or where it ends with "/", the name is made automatically. Throws
   * `LOCATION_INVALID`, `DESTINATION_UNKNOWN`, `CREDENTIALS_MISSING`.
   */
  target(to: string | undefined, tenant: string, now: number, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(to === undefined ? undefined : fillPlaceholders(to, tenant, now), s3);
    if (!place.isPrefix) return place.at(place.key);
    return { ...place.at(automaticName(place.key, tenant, now)), isAutomatic: true };
  }

  /** An object that is to be read. Throws `LOCATION_INVALID` when only a prefix was given. */
  source(from: string, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(from, s3);
    if (place.isPrefix) {
      throw new BackupError("LOCATION_INVALID", `'${from}' names no archive: it ends with a directory.`, {
        hint: "Give the whole name; `openclaw tenants backups <id>` lists a tenant's archives.",
      });
    }
    return place.at(place.key);
  }

  /** What a text names: an object, or a prefix of objects, whichever is there. Without it, the default destination. */
  either(text: string | undefined, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(text, s3);
    return place.at(place.key);
  }

  /** The object of this key, in the store of the place that a text names. */
  objectAt(text: string, key: string, s3: S3Options = {}): ResolvedObject {
    return this.#place(text, s3).at(key);
  }

  /** The prefix under which the automatic names of `tenant` stand. */
  tenantPrefix(to: string | undefined, tenant: string, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(to === undefined ? undefined : fillPlaceholders(to, tenant, 0), s3);
    return place.at(place.isPrefix ? `${joinKey(place.key, "tenants", tenant)}/` : place.key);
  }

  /**
   * The directory that a backup of the whole gateway goes to; its key ends with a slash. As for an archive, its name is made
   * automatically without `to`, or where that ends with a slash. Throws what {@link target} throws.
   */
  setDirectory(to: string | undefined, name: string, now: number, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(to === undefined ? undefined : fillTimes(to, now), s3);
    if (!place.isPrefix) return place.at(`${place.key}/`);
    return { ...place.at(`${joinKey(place.key, name)}/`), isAutomatic: true };
  }

  /** What a place has in common with all that lies in it: its store, and the start of their keys. */
  within(to: string, tenant: string, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(fillPlaceholders(to, tenant, 0), s3);
    return place.at(place.key);
  }

  /** A place as a directory: all keys in it start with its key. Without `text`, the default destination. */
  directory(text: string | undefined, s3: S3Options = {}): ResolvedObject {
    const place = this.#place(text, s3);
    return place.at(place.isPrefix ? place.key : `${place.key}/`);
  }

  /** Every place where archives of this gateway may stand: what {@link directory} takes, and what people call it. */
  get places(): readonly { readonly to: string | undefined; readonly shown: string }[] {
    const named = Object.keys(this.#config.destinations).map((name) => `dest:${name}`);
    const all = [...named, this.#embedded, ...this.#config.localRoots];
    return [{ to: undefined, shown: "the default destination" }, ...all.map((to) => ({ to, shown: to }))];
  }

  /**
   * Settings for a store that the ledger remembers without its secrets, from what config and environment, or the flags
   * of a request, give today. Undefined when they lead to another endpoint. `key` is that of any object in it.
   */
  remembered(address: StoreAddress, key: string, s3: S3Options = {}): StoreSettings | undefined {
    if (address.kind === "local") return this.#localSettings();
    const flags = address.profile === undefined ? s3 : { profile: address.profile, ...s3 };
    const settings = this.#s3Settings({ bucket: address.bucket, key }, flags);
    return settings.endpoint === address.endpoint ? settings : undefined;
  }

  #place(text: string | undefined, s3: S3Options): Place {
    if (text === undefined) return this.#defaultPlace(s3);
    const location = parseLocation(text);
    switch (location.kind) {
      case "s3":
        return s3Place(this.#s3Settings(location, s3), location.key);
      case "path":
        return localPlace(this.#localSettings(), location.path);
      case "destination":
        return this.#destinationPlace(location.name, location.key, s3);
    }
  }

  #defaultPlace(s3: S3Options): Place {
    if (this.#config.defaultDestination !== undefined) {
      return this.#destinationPlace(this.#config.defaultDestination, "", s3);
    }
    const bucket = this.#env["S3_BUCKET"];
    if (bucket !== undefined && bucket !== "") {
      const prefix = joinKey(this.#env["S3_PREFIX"] ?? this.#config.pathPrefix ?? "");
      return s3Place(this.#s3Settings({ bucket, key: prefix }, s3), prefix === "" ? "" : `${prefix}/`);
    }
    return localPlace(this.#localSettings(), `${joinPath(this.#embedded, this.#config.pathPrefix ?? "")}/`);
  }

  #destinationPlace(name: string, key: string, s3: S3Options): Place {
    const destination = this.#destination(name);
    const base = parseLocation(destination.url);
    // A destination's own name with nothing behind it means the automatic name below the gateway's prefix.
    const below = key === "" ? (this.#config.pathPrefix ?? "") : key;
    const asPrefix = key === "" || key.endsWith("/") ? "/" : "";
    if (base.kind === "path") {
      return localPlace(this.#localSettings(), joinPath(base.path, below).replace(/\/+$/, "") + asPrefix);
    }
    if (base.kind !== "s3")
      throw new BackupError("LOCATION_INVALID", `Destination '${name}' has no usable url.`);
    const joined = joinKey(base.key, below).replace(/\/+$/, "");
    const settings = this.#s3Settings({ bucket: base.bucket, key: joined }, s3, {
      name,
      config: destination,
    });
    return s3Place(settings, joined === "" ? "" : joined + asPrefix);
  }

  #destination(name: string): DestinationConfig {
    const destination = this.#config.destinations[name];
    if (destination !== undefined) return destination;
    const known = Object.keys(this.#config.destinations);
    throw new BackupError(
      "DESTINATION_UNKNOWN",
      `There is no destination '${name}'; ${known.length === 0 ? "none is configured" : `known are ${known.join(", ")}`}.`,
    );
  }

  #localSettings(): LocalStoreSettings {
    return { kind: "local", roots: [...this.#config.localRoots, this.#embedded] };
  }

  /** The flags; else the named destination with the longest matching bucket and prefix; else `S3_*`; else AWS's chain. */
  #s3Settings(
    object: { bucket: string; key: string },
    flags: S3Options,
    named: NamedDestination | undefined = destinationOf(this.#config.destinations, {
      storeKind: "s3",
      ...object,
    }),
  ): S3StoreSettings {
    const destination = named?.config;
    const env = (name: string): string | undefined =>
      nonEmpty(destination === undefined ? this.#env[name] : undefined);
    const credentials = this.#credentials(flags, named);
    const endpoint = flags.endpoint ?? destination?.endpoint ?? env("S3_ENDPOINT");
    // Before the request is noted in the ledger: an endpoint with a password in it must not stand there.
    if (endpoint !== undefined) checkEndpoint(endpoint);
    const region = flags.region ?? destination?.region ?? env("S3_REGION");
    const pathStyle = flags.pathStyle ?? destination?.pathStyle;
    const { allow } = this.#config.network;
    return {
      kind: "s3",
      bucket: object.bucket,
      ...(named === undefined ? {} : { destination: named.name }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
      ...(pathStyle === undefined ? {} : { pathStyle }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(allow.length === 0 ? {} : { allowAddresses: allow }),
      ...partLimitsOf(destination),
    };
  }

  #credentials(flags: S3Options, named: NamedDestination | undefined): S3Credentials | undefined {
    const given = { id: flags.accessKey, secret: flags.secretKey, token: flags.sessionToken };
    if (isAny(given)) return keys(given, "--access-key and --secret-key");
    if (flags.profile !== undefined) return { profile: flags.profile };
    if (named !== undefined) {
      const { profile, accessKeyId, secretAccessKey, sessionToken } = named.config;
      if (profile !== undefined) return { profile };
      const read = (reference: SecretReference | undefined): string | undefined =>
        reference && this.#resolveSecret(reference);
      const own = { id: read(accessKeyId), secret: read(secretAccessKey), token: read(sessionToken) };
      return isAny(own)
        ? keys(own, `accessKeyId and secretAccessKey of the destination ${named.name}`)
        : undefined;
    }
    const env = (name: string): string | undefined => nonEmpty(this.#env[name]);
    const found = {
      id: env("S3_ACCESS_KEY_ID"),
      secret: env("S3_SECRET_ACCESS_KEY"),
      token: env("S3_SESSION_TOKEN"),
    };
    return isAny(found) ? keys(found, "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY") : undefined;
  }
}

/** A store with a key or a prefix in it. */
interface Place {
  readonly key: string;
  readonly isPrefix: boolean;
  at(key: string): ResolvedObject;
}

function s3Place(settings: S3StoreSettings, key: string): Place {
  return {
    key,
    isPrefix: key === "" || key.endsWith("/"),
    at: (full) => ({ settings, key: full, location: `s3://${settings.bucket}/${full}`, isAutomatic: false }),
  };
}

function localPlace(settings: LocalStoreSettings, path: string): Place {
  return {
    key: path,
    isPrefix: path.endsWith("/"),
    at: (full) => {
      const key = full.startsWith("/") ? full : `/${full}`;
      return { settings, key, location: key, isAutomatic: false };
    },
  };
}

function joinPath(directory: string, below: string): string {
  return below === "" ? directory.replace(/\/+$/, "") : `${directory.replace(/\/+$/, "")}/${below}`;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

interface GivenKeys {
  readonly id: string | undefined;
  readonly secret: string | undefined;
  readonly token: string | undefined;
}

function isAny({ id, secret, token }: GivenKeys): boolean {
  return id !== undefined || secret !== undefined || token !== undefined;
}

/** @param names Of the id and the secret, which go together; the session token is for temporary keys only. */
function keys({ id, secret, token }: GivenKeys, names: string): S3Credentials {
  if (id === undefined || secret === undefined) {
    throw new BackupError("CREDENTIALS_MISSING", `Not both of ${names} are given; both are needed.`);
  }
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token === undefined ? {} : { sessionToken: token }),
  };
}
