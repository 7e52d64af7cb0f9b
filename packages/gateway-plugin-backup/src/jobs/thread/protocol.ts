/**
 * What the gateway's main thread and a job thread say to each other. A job thread does everything of a job that takes
 * time: it reads, writes and talks to stores. The main thread keeps the ledger, and swaps directories.
 */
import type { KeyObject } from "node:crypto";
import type { MessagePort } from "node:worker_threads";
import type { ArchiveContents } from "../../archive/access/contents.js";
import type { PathSwapPlace } from "../../archive/access/path-swap.js";
import type { TreeReport } from "../../archive/check/restored-tree.js";
import type { SampleRequest, Verification } from "../../archive/check/verification.js";
import type { ArchiveLimits, ArchiveTotals, ArchiveWarning } from "../../archive/format.js";
import type { ExtractionResult } from "../../archive/extraction.js";
import type { Excluded } from "../../archive/left-out.js";
import type { DryRun } from "../../archive/scan.js";
import type { TenantSource } from "../../archive/tenant-source.js";
import type { SerializedError } from "../../errors.js";
import type { ObjectLock, WantedLock } from "../../stores/object-lock.js";
import type { StoreCheck } from "../../stores/check/report.js";
import type { StoreSettings } from "../../stores/settings.js";
import type { Leftover, StoreAbilities, StoredObject } from "../../stores/store.js";
import type { JobProgress } from "../types.js";
import type { EncryptionKind, Opener, Sealing } from "./encryption.js";

/** Every operation by name, with what it takes and what it gives. All of it can be cloned between threads. */
export interface Operations {
  readonly backup: { readonly request: BackupOperation; readonly result: BackupOutcome };
  readonly scan: { readonly request: ScanOperation; readonly result: ScanOutcome };
  readonly identify: { readonly request: IdentifyOperation; readonly result: IdentifyOutcome };
  readonly findState: { readonly request: ObjectInStore; readonly result: FoundState };
  readonly extract: { readonly request: ExtractOperation; readonly result: ExtractOutcome };
  readonly stage: { readonly request: StageOperation; readonly result: StageOutcome };
  readonly record: { readonly request: RecordOperation; readonly result: RecordOutcome };
  readonly list: { readonly request: ObjectInStore; readonly result: readonly ListedObject[] };
  readonly findArchives: { readonly request: FindOperation; readonly result: FindOutcome };
  readonly glance: { readonly request: ObjectInStore; readonly result: readonly string[] };
  readonly checkStore: { readonly request: CheckOperation; readonly result: StoreCheck };
  readonly settle: { readonly request: SettleOperation; readonly result: SettleOutcome };
  readonly discard: { readonly request: DiscardOperation; readonly result: undefined };
  readonly look: { readonly request: LookOperation; readonly result: readonly (FoundObject | undefined)[] };
  readonly lock: { readonly request: LockOperation; readonly result: ObjectLock | undefined };
  readonly remove: { readonly request: RemoveOperation; readonly result: readonly RemoveOutcome[] };
  readonly show: { readonly request: ArchiveInStore; readonly result: ShowOutcome };
  readonly files: { readonly request: FilesOperation; readonly result: undefined };
  readonly cat: { readonly request: CatOperation; readonly result: undefined };
  readonly diff: { readonly request: DiffOperation; readonly result: undefined };
  readonly extractPaths: { readonly request: ExtractPathsOperation; readonly result: ExtractPathsOutcome };
  readonly planPaths: { readonly request: PlanPathsOperation; readonly result: number };
  readonly movePaths: { readonly request: MovePathsOperation; readonly result: undefined };
  readonly verify: { readonly request: VerifyOperation; readonly result: VerifyOutcome };
  readonly rekey: { readonly request: RekeyOperation; readonly result: RekeyOutcome };
  readonly drill: { readonly request: DrillOperation; readonly result: DrillOutcome };
  readonly readManifest: {
    readonly request: ReadManifestOperation;
    readonly result: ManifestOutcome | undefined;
  };
  readonly writeManifest: { readonly request: WriteManifestOperation; readonly result: ManifestOutcome };
  readonly removeManifest: { readonly request: RemoveManifestOperation; readonly result: boolean };
  readonly removeObjects: {
    readonly request: RemoveObjectsOperation;
    readonly result: readonly RemoveOutcome[];
  };
  readonly measure: { readonly request: MeasureOperation; readonly result: MeasureOutcome };
  readonly checkLedger: { readonly request: CheckLedgerOperation; readonly result: string | undefined };
}

export type OperationName = keyof Operations;

/** Ids of the keys by one of which an archive has to be signed. */
export interface TrustedSigners {
  readonly trusted: readonly string[];
}

/** An object, and how to open its store. */
export interface ObjectInStore {
  readonly store: StoreSettings;
  readonly key: string;
}

/** An object that is read as an archive. */
export interface ObjectToRead extends ObjectInStore {
  /** Absent: it is read as it is. */
  readonly opener?: Opener;
}

/** What of a tenant, or of the gateway, goes into an archive: see `TenantSource`. */
export interface BackedUpTenant extends Pick<TenantSource, "leaveOut" | "copies"> {
  /** The directory that is archived. */
  readonly directory: string;
  /** Tenant id, or a part of the gateway: see `archive/gateway-parts.ts`. */
  readonly tenant: string;
  readonly limits: ArchiveLimits;
  readonly exclude: readonly string[];
  readonly allowUnreadable: boolean;
}

export interface ScanOperation extends BackedUpTenant {
  /** Where the complete list goes: a file that is not there yet. */
  readonly planFile: string | undefined;
}

export type ScanOutcome = DryRun;

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
  /** Private; signs the index. */
  readonly signingKey: KeyObject;
  /** See `CreateOptions`. */
  readonly resume?: Leftover;
  /** The archive that bytes may be copied from. */
  readonly base?: BaseObject;
  /** Takes what is known of the archive's files: see `archive/base/facts.ts`. Of no use where the archive is sealed. */
  readonly factsFile: string;
  /** Absent: the archive is stored as it is. One that is sealed has no base and goes on with no upload. */
  readonly sealing?: Sealing;
}

/** An archive in the store that a backup goes to, as the ledger knows it. */
export interface BaseObject extends SeenObject {
  readonly key: string;
  /** Of the index frame's bytes, 64 hex digits. */
  readonly indexSha256: string;
  /** What is known of its files; may be missing. Absent: every file is read. */
  readonly factsFile?: string;
}

export interface BackupOutcome extends ArchiveFigures {
  readonly bytes: BackupBytes;
  /** Why the next backup of the tenant will have to read every file. */
  readonly factsProblem: string | undefined;
  /** What the upload has found out about the store, for the next one. */
  readonly abilities: StoreAbilities;
  readonly object: Omit<
    StoredObject,
    "modifiedAt" | "mark" | "version" | "sentBytes" | "copiedBytes" | "fetchedBytes"
  >;
}

export interface BackupBytes {
  /** Content of the tenant, as the scan found it. */
  readonly planned: number;
  /** Of the tenant's files and of its databases' copies. */
  readonly read: number;
  /** Of the archive: copied by the store from an earlier one. */
  readonly reused: number;
  /** Of the archive: sent, or written, by the gateway. */
  readonly uploaded: number;
  /** Of the archive. */
  readonly stored: number;
}

/** An archive that was written and is about to become visible; what a backup alone can tell of it is absent elsewhere. */
export interface CompletingArchive extends ArchiveFacts, Partial<Omit<ArchiveFigures, keyof ArchiveFacts>> {
  readonly size: number;
  /** Of the upload, where the store keeps marks. */
  readonly mark: string | undefined;
}

export interface ArchiveFigures extends ArchiveFacts {
  /** Whether it has bytes of the base. */
  readonly mode: "full" | "incremental";
  readonly databases: number;
  readonly excluded: Excluded;
}

export interface ArchiveFacts {
  readonly totals: ArchiveTotals;
  readonly indexSha256: string;
  readonly warnings: readonly ArchiveWarning[];
  readonly encryption?: EncryptionKind;
  /** Of a sealed archive: of all the object's bytes, 64 hex digits. */
  readonly objectSha256?: string;
}

export interface IdentifyOperation extends ObjectToRead {
  readonly limits: ArchiveLimits;
  /** Undefined: nobody has to have signed it. */
  readonly signatures?: TrustedSigners | undefined;
}

export interface IdentifyOutcome {
  /** The tenant whose directory the archive holds; undefined where another tool's archive does not say. */
  readonly tenant: string | undefined;
}

/** Where the archive of a gateway's state lies. */
export interface FoundState {
  readonly key: string;
}

export interface ExtractOperation extends ObjectToRead {
  /** Existing, empty directory that becomes the tenant's; undefined: everything is checked and nothing written. */
  readonly into: string | undefined;
  /** A directory on the file system that the tenant is restored to, for its free space. */
  readonly fileSystem: string;
  /** The name given with `--as`; without it an archive whose root is not `tenants/<id>/` is refused. */
  readonly as: string | undefined;
  /** The object is an archive of a whole gateway's state, out of which this tenant is taken. */
  readonly tenant?: string;
  readonly limits: ArchiveLimits;
  /** See `IdentifyOperation`. */
  readonly signatures: TrustedSigners | undefined;
  /** The tenant's quota, where it has one. */
  readonly quotaBytes: number | undefined;
}

export interface ExtractOutcome {
  /** The tenant whose archive it is; undefined where another tool's archive does not say. */
  readonly tenant: string | undefined;
  readonly totals: Omit<ArchiveTotals, "segments" | "tarBytes">;
  /** False for archives of other tools: then nothing was checked against hashes. */
  readonly hadIndex: boolean;
  /** Id of the key that has signed it. */
  readonly signedBy: string | undefined;
  /** Content of `tenant.json`, where the archive has one. */
  readonly tenantJson: string | undefined;
  readonly warnings: readonly ArchiveWarning[];
  /** See `ExtractionResult`. */
  readonly leftOutLinks: ExtractionResult["leftOutLinks"];
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

/** How much stands in a tree? */
export interface MeasureOperation {
  /** Absolute. */
  readonly tree: string;
  /** Relative to it: what is not counted, with all that is below it. */
  readonly except: readonly string[];
}

export interface MeasureOutcome {
  /** Regular files, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

export interface CheckLedgerOperation {
  readonly file: string;
}

/** Whose tree is it? */
export interface RecordOperation {
  readonly tree: string;
}

export interface RecordOutcome {
  /** Content of `tenant.json`; undefined where there is none. */
  readonly tenantJson: string | undefined;
}

/** An archive that is read in parts. */
export interface ArchiveInStore extends ObjectToRead {
  readonly limits: ArchiveLimits;
  /** Of the index as the catalogue knows it: where the archive still has that one, it is not judged again. */
  readonly indexSha256?: string;
  /** How many last bytes hold the index, as far as the catalogue can tell. */
  readonly tailBytes?: number;
  /** See `IdentifyOperation`. */
  readonly signatures?: TrustedSigners | undefined;
}

/** What an operation that streams gives goes to this port: see `output.ts`. */
export interface WithOutput {
  readonly output: MessagePort;
}

export interface ShowOutcome extends ArchiveContents {
  readonly size: number;
  readonly etag: string;
  /** Milliseconds since the epoch, by the store. */
  readonly modifiedAt: number;
  /** Of the index frame's bytes, 64 hex digits. */
  readonly indexSha256: string;
  /** Bytes of the object behind the segments: index, signature, seek table. */
  readonly indexBytes: number;
  /** Id of the key that has signed it. */
  readonly signedBy: string | undefined;
}

/** The entries as JSON lines, `EntryView` each, then an {@link EndLine}. */
export interface FilesOperation extends ArchiveInStore, WithOutput {
  /** Paths and globs; none: every entry. */
  readonly patterns: readonly string[];
}

/** One file's content. */
export interface CatOperation extends ArchiveInStore, WithOutput {
  /** Relative to the tenant's directory. */
  readonly path: string;
  /** Bytes of the content that are not given, because the reader has them; they are read and checked all the same. */
  readonly skip: number;
}

/** What differs, as JSON lines, then an end line with the totals. */
export interface DiffOperation extends WithOutput {
  readonly before: ArchiveInStore;
  readonly after: ArchiveInStore | LiveTenant;
}

/** The tenant as it is now. */
export interface LiveTenant extends BackedUpTenant {
  /** For copies of databases, where content is to be compared, too: then every file is read. */
  readonly temporaryDirectory: string | undefined;
}

/** Extracts some entries of an archive of ours. */
export interface ExtractPathsOperation extends ArchiveInStore {
  readonly signatures: TrustedSigners | undefined;
  /** Paths and globs, at least one. */
  readonly patterns: readonly string[];
  /** Existing, empty directory; undefined: everything is checked and nothing written. */
  readonly into: string | undefined;
  /** A directory on the file system that the tenant is restored to, for its free space. */
  readonly fileSystem: string;
  readonly quotaBytes: number | undefined;
}

export interface ExtractPathsOutcome {
  readonly tenant: string;
  /** Id of the key that has signed the archive. */
  readonly signedBy: string | undefined;
  /** Of what was asked for. */
  readonly totals: Omit<ArchiveTotals, "segments" | "tarBytes">;
  /** The first of the paths, fit to be shown. */
  readonly paths: readonly string[];
  /** Bytes of the object that were read, the index apart. */
  readonly readBytes: number;
  readonly leftOutRecord: boolean;
}

/** Finds out which paths have to be swapped, and writes the journal. Gives how many there are. */
export interface PlanPathsOperation {
  readonly place: PathSwapPlace;
  readonly plan:
    | {
        readonly staged: string;
        /** A directory of the tenant that is not there yet; undefined: where the paths say. */
        readonly into: string | undefined;
      }
    /** The journal of the swap that is taken back. */
    | { readonly undone: string };
}

export interface MovePathsOperation {
  readonly place: PathSwapPlace;
  /** Where a copy of the journal is kept for the undo. */
  readonly keep: string;
  readonly direction: "forward" | "back";
}

/** An archive that is read to see whether it is good. */
export interface ArchiveToCheck extends ObjectToRead {
  readonly limits: ArchiveLimits;
  /** See `ExtractOperation`. */
  readonly as: string | undefined;
  /** See `IdentifyOperation`. */
  readonly signatures: TrustedSigners | undefined;
  /** What the catalogue knows of it; undefined: nothing. */
  readonly expected: ExpectedArchive | undefined;
}

export interface ExpectedArchive {
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Of the index frame's bytes, 64 hex digits. */
  readonly indexSha256: string;
  /** Of one that is sealed: bytes of the object. */
  readonly sealedSize?: number;
  /** Of the object's bytes, where they were all read before. */
  readonly objectSha256?: string;
  /** Id of the key whose signature it had; absent: it may have none. */
  readonly signedBy?: string | undefined;
}

export interface VerifyOperation extends ArchiveToCheck {
  readonly level: "quick" | "sample" | "full";
  readonly sample: SampleRequest;
}

/** What is told of every object that was checked. */
export interface CheckedObject {
  readonly size: number;
  readonly etag: string;
  /** False for archives of other tools. */
  readonly hadIndex: boolean;
  /** Of the object. */
  readonly bytesRead: number;
}

/** Whose archive was checked. */
export interface CheckedSignature {
  /** Id of the key that has signed it. */
  readonly signedBy: string | undefined;
}

export interface VerifyOutcome extends CheckedObject, CheckedSignature, Verification {}

export interface DrillOperation extends ArchiveToCheck {
  /** Existing, empty directory on the file system that tenants are restored to. */
  readonly directory: string;
  /** Whose drill it is, as it begins a message. */
  readonly subject: string;
}

export interface DrillOutcome extends CheckedObject, CheckedSignature {
  /** From the first byte to a tree that is on the disk. */
  readonly restoreMs: number;
  readonly objectSha256: string;
  readonly totals: ExtractOutcome["totals"];
  readonly tenantJson: string | undefined;
  readonly report: TreeReport;
  /** See `Verification`. */
  readonly notChecked: readonly string[];
}

/** An archive is opened, and stored again for others to open. */
export interface RekeyOperation extends ObjectInStore {
  readonly source: ObjectToRead;
  readonly sealing: Sealing;
  readonly overwrite: boolean;
  readonly limits: ArchiveLimits;
  /** Of the index frame's bytes, as the catalogue knows it: another archive is left alone. */
  readonly indexSha256: string | undefined;
}

export type RekeyOutcome = ArchiveFacts &
  Required<Pick<ArchiveFacts, "encryption" | "objectSha256">> & {
    readonly object: Pick<StoredObject, "key" | "size" | "etag" | "overwriteGuard" | "retries">;
  };

/** What an operation that gives a file's content begins with. */
export interface FileFacts {
  readonly size: number;
  /** Of the content, 64 hex digits. */
  readonly sha256: string;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: number;
}

/** Looks at every object whose key starts with `key`. */
export interface FindOperation extends ObjectInStore {
  readonly limits: ArchiveLimits;
  /** Of the catalogue, in this place: what is still the same is not read. */
  readonly known: readonly KnownObject[];
}

export interface KnownObject extends SeenObject {
  readonly key: string;
  /** Of a sealed archive: what would be found in it, and the hash of all its bytes, by which it is known. */
  readonly sealed?: Omit<FoundArchive, "key" | "size" | "etag"> & { readonly sealedSha256: string };
}

/** Finds out what the store can do below `key`, a prefix. */
export interface CheckOperation extends ObjectInStore {
  /** The state directory, for comparison. */
  readonly state: string;
}

export interface FindOutcome {
  /** Those of ours that are not `known`, as their indexes describe them. */
  readonly archives: readonly FoundArchive[];
  /** Keys of what is as it was known. */
  readonly known: readonly string[];
  /** Not all where there are very many, but each at a key that is `known`. */
  readonly unusable: readonly UnusableObject[];
  /** So many more, which are not listed. */
  readonly moreUnusable: number;
  /** Objects that were looked at. */
  readonly objects: number;
  /** Why not all objects were looked at. */
  readonly failure?: SerializedError;
}

export interface FoundArchive extends SeenObject {
  readonly key: string;
  readonly tenant: string;
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly totals: ArchiveTotals;
  /** Of the index frame's bytes, 64 hex digits. */
  readonly indexSha256: string;
  readonly formatVersion: number;
  /** Id of the key that has signed it; absent: it is not signed. */
  readonly signedBy?: string;
}

export interface UnusableObject {
  readonly key: string;
  /** `foreign`: not ours. `damaged`: its end looks like ours and is not in order. `unread`: the store would not give it. */
  readonly kind: "foreign" | "damaged" | "unread";
  /** One clause, or the message of an error. */
  readonly reason: string;
}

/** What tells an archive from every other. */
export interface ArchiveIdentity {
  /** Of the index frame's bytes, 64 hex digits. */
  readonly indexSha256: string;
  /** Of a sealed archive, whose index cannot be seen: of all the object's bytes, 64 hex digits. */
  readonly sealedSha256?: string;
}

/** Is the archive there that was about to become visible? */
export interface SettleOperation extends ObjectInStore, ArchiveIdentity {
  readonly mark: string | undefined;
  readonly size: number;
  readonly limits: ArchiveLimits;
}

/** `nothing`: it is not there; another object may be. `damaged`: it was there, altered, and was removed. */
export type SettleOutcome =
  { readonly found: "archive"; readonly etag: string } | { readonly found: "nothing" | "damaged" };

export interface DiscardOperation {
  readonly store: StoreSettings;
  readonly leftover: Leftover;
}

/** Looks for objects, in order of `keys`; undefined for what is not there. */
export interface LookOperation {
  readonly store: StoreSettings;
  readonly keys: readonly string[];
}

export interface SeenObject {
  readonly size: number;
  readonly etag: string;
}

export interface FoundObject extends SeenObject {
  readonly lock?: ObjectLock;
}

/** Locks an archive that has just been stored. */
export interface LockOperation extends ObjectInStore {
  /** Of the archive; another object is not locked. */
  readonly etag: string;
  readonly wanted: WantedLock;
}

/** Removes archives, each only after it was proved to be the one that the catalogue knows. */
export interface RemoveOperation {
  readonly store: StoreSettings;
  readonly limits: ArchiveLimits;
  readonly archives: readonly ArchiveToRemove[];
}

/** What the catalogue knows of an archive. */
export interface ArchiveToRemove extends SeenObject, ArchiveIdentity {
  readonly key: string;
  /** Its index may not be readable any more. */
  readonly damaged: boolean;
}

/**
 * What became of an archive, in the order of the request. `gone`: it was not there. `other`: what is there is not the
 * archive that was stored, and was left alone. `locked`: the store does not let it go yet. `failed`: `asked` says whether the store had been asked to remove it, so
 * that it may be gone all the same. `untouched`: the job was aborted before its turn.
 */
export type RemoveOutcome =
  | { readonly outcome: "removed" | "gone" | "untouched" }
  | { readonly outcome: "other" | "locked"; readonly reason: string }
  | { readonly outcome: "failed"; readonly error: SerializedError; readonly asked: boolean };

/** The backup.json of a gateway's backup. */
export type ReadManifestOperation = ObjectInStore;

export interface ManifestOutcome extends SeenObject {
  readonly text: string;
}

export interface WriteManifestOperation extends ObjectInStore {
  readonly text: string;
  readonly overwrite: boolean;
}

export interface RemoveManifestOperation extends ObjectInStore {
  /** Of its text, 64 hex digits. */
  readonly sha256: string;
}

/** Removes objects by their names alone. */
export interface RemoveObjectsOperation {
  readonly store: StoreSettings;
  readonly keys: readonly string[];
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
  /** Load what an S3 store needs, for operations to come. */
  | { readonly type: "prepare" }
  /** `suspend`: the gateway stops; what the next start can go on with stays. */
  | { readonly type: "abort"; readonly suspend: boolean }
  /** What was announced stands in the ledger: the thread may go on. */
  | { readonly type: "recorded" };

/** From the job thread. */
export type FromThread =
  | { readonly type: "progress"; readonly progress: JobProgress }
  | { readonly type: "leftover"; readonly leftover: Leftover }
  | { readonly type: "gone"; readonly leftover: Leftover }
  | { readonly type: "completing"; readonly archive: CompletingArchive }
  /** `isSpent`: the thread holds memory that only its end gives back. */
  | {
      readonly type: "done";
      readonly result: Operations[OperationName]["result"];
      readonly isSpent: boolean;
    }
  | { readonly type: "failed"; readonly error: SerializedError };
