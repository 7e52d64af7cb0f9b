import type { StoreAbilities } from "./store.js";

/**
 * Serializable settings from which a store is opened, in the main thread or in a job's thread. They hold secrets: they
 * live in the memory of the job only, and never go into the ledger, a log or an error.
 */
export type StoreSettings = LocalStoreSettings | S3StoreSettings;

/** The most that goes through a store, in bytes per second. What a store copies by itself does not count. */
export interface Rates {
  readonly upload?: number;
  readonly download?: number;
}

export interface LocalStoreSettings {
  readonly kind: "local";
  readonly rates?: Rates;
  /** Resolved directories under which keys (absolute paths) must lie. */
  readonly roots: readonly string[];
}

export interface S3StoreSettings {
  readonly kind: "s3";
  readonly rates?: Rates;
  readonly bucket: string;
  /** Name of the configured destination that gave the settings, for messages. */
  readonly destination?: string;
  readonly endpoint?: string;
  readonly region?: string;
  /** Link-local and metadata addresses that may be connected to all the same; default none. */
  readonly allowAddresses?: readonly string[];
  /** Default: true for a custom endpoint, false for AWS. */
  readonly pathStyle?: boolean;
  /** Default: what the AWS SDK finds by itself (environment, machine role, …). */
  readonly credentials?: S3Credentials;
  /** Found out by an earlier store of the same endpoint and bucket. */
  readonly abilities?: StoreAbilities;
  /** Default: those of AWS, and of the stores that are known by their endpoints to have others. */
  readonly partLimits?: PartLimits;
}

/** What a store wants of the parts that an object is made of. */
export interface PartLimits {
  /** How many an object may have; default 10,000. */
  readonly maxParts?: number;
  /** All but the last must be of one size. */
  readonly equalParts?: boolean;
}

export type S3Credentials =
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** A profile of the gateway machine's AWS configuration. */
  | { readonly profile: string };
