/**
 * What the gateway's main thread and a job thread say to each other. A job thread does everything of a job that takes
 * time: it reads, writes and talks to stores. The main thread keeps the ledger, and swaps directories.
 */
import type { ArchiveLimits, ArchiveTotals, ArchiveWarning } from "../../archive/format.js";
import type { SerializedError } from "../../errors.js";
import type { StoreSettings } from "../../stores/settings.js";
import type { Leftover, OverwriteGuards, StoredObject } from "../../stores/store.js";
import type { JobProgress } from "../types.js";

/** Every operation by name, with what it takes and what it gives. All of it can be cloned between threads. */
export interface Operations {
  readonly backup: { readonly request: BackupOperation; readonly result: BackupOutcome };
  readonly scan: { readonly request: ScanOperation; readonly result: ScanOutcome };
  readonly identify: { readonly request: IdentifyOperation; readonly result: IdentifyOutcome };
  readonly extract: { readonly request: ExtractOperation; readonly result: ExtractOutcome };
  readonly stage: { readonly request: StageOperation; readonly result: StageOutcome };
  readonly list: { readonly request: ObjectInStore; readonly result: readonly ListedObject[] };
  readonly discard: { readonly request: DiscardOperation; readonly result: undefined };
}

export type OperationName = keyof Operations;

/** An object, and how to open its store. */
export interface ObjectInStore {
  readonly store: StoreSettings;
  readonly key: string;
}

/** What of a tenant goes into an archive. */
export interface BackedUpTenant {
  /** The tenant's directory. */
  readonly directory: string;
  readonly tenant: string;
  readonly limits: ArchiveLimits;
  readonly exclude: readonly string[];
  readonly allowUnreadable: boolean;
}

export type ScanOperation = BackedUpTenant;

export interface ScanOutcome {
  readonly totals: Omit<ArchiveTotals, "segments" | "tarBytes">;
  readonly excluded: Excluded;
  readonly largest: readonly { readonly path: string; readonly size: number }[];
  readonly warnings: readonly ArchiveWarning[];
}

/** What exclude rules left out. */
export interface Excluded {
  readonly entries: number;
  readonly bytes: number;
}

export interface BackupOperation extends BackedUpTenant, ObjectInStore {
  readonly uid: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly producer: string;
  readonly compressionLevel: number;
  readonly compressionThreads: number;
  readonly overwrite: boolean;
  /** For copies of databases: exists, is empty, lies on the state's file system. */
  readonly temporaryDirectory: string;
}

export interface BackupOutcome {
  /** What the upload has found out about the store, for the next one. */
  readonly overwriteGuards: OverwriteGuards;
  readonly object: Omit<StoredObject, "modifiedAt">;
  readonly totals: ArchiveTotals;
  readonly databases: number;
  readonly excluded: Excluded;
  readonly indexSha256: string;
  readonly warnings: readonly ArchiveWarning[];
}

export interface IdentifyOperation extends ObjectInStore {
  readonly limits: ArchiveLimits;
}

export interface IdentifyOutcome {
  /** The tenant whose directory the archive holds; undefined where another tool's archive does not say. */
  readonly tenant: string | undefined;
}

export interface ExtractOperation extends ObjectInStore {
  /** Existing, empty directory that becomes the tenant's; undefined: everything is checked and nothing written. */
  readonly into: string | undefined;
  /** A directory on the file system that the tenant is restored to, for its free space. */
  readonly fileSystem: string;
  /** The name given with `--as`; without it an archive whose root is not `tenants/<id>/` is refused. */
  readonly as: string | undefined;
  readonly limits: ArchiveLimits;
  /** The tenant's quota, where it has one. */
  readonly quotaBytes: number | undefined;
}

export interface ExtractOutcome {
  /** The tenant whose archive it is; undefined where another tool's archive does not say. */
  readonly tenant: string | undefined;
  readonly totals: Omit<ArchiveTotals, "segments" | "tarBytes">;
  /** False for archives of other tools: then nothing was checked against hashes. */
  readonly hadIndex: boolean;
  /** Content of `tenant.json`, where the archive has one. */
  readonly tenantJson: string | undefined;
  readonly warnings: readonly ArchiveWarning[];
}

/** The last touches to an extracted tree, and making it durable. */
export interface StageOperation {
  readonly tree: string;
  /** New content of `tenant.json`. */
  readonly tenantJson: string;
  /** For a tenant that comes back under another name. */
  readonly disableSchedules: boolean;
}

export interface StageOutcome {
  /** How many schedules were switched off. */
  readonly schedulesDisabled: number;
  /** Names of channels that must be paired again. */
  readonly pairAgain: readonly string[];
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: number;
}

export interface DiscardOperation {
  readonly store: StoreSettings;
  readonly leftover: Leftover;
}

/** From the main thread. */
export type ToThread =
  | {
      readonly [N in OperationName]: {
        readonly type: "run";
        readonly operation: N;
        readonly request: Operations[N]["request"];
      };
    }[OperationName]
  | { readonly type: "abort" }
  /** The leftover that was announced stands in the ledger: the thread may go on. */
  | { readonly type: "leftover-recorded" };

/** From the job thread. */
export type FromThread =
  | { readonly type: "progress"; readonly progress: JobProgress }
  | { readonly type: "leftover"; readonly leftover: Leftover }
  | { readonly type: "done"; readonly result: Operations[OperationName]["result"] }
  | { readonly type: "failed"; readonly error: SerializedError };
