/** The parts of the gateway's answers that the command line reads. `/api/openapi.json` of a gateway has them whole. */

export interface TenantView {
  readonly id: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly quotas: { readonly bytes?: number; readonly entries?: number };
  readonly suspended: boolean;
  readonly directory?: string;
}

export interface TotalsView {
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly contentBytes: number;
}

export interface ArchiveView {
  /** Absent for an archive that a location lists and the catalogue does not know. */
  readonly id?: string;
  readonly tenant?: string;
  readonly location: string;
  readonly size: number;
  readonly createdAt?: string;
  readonly totals?: TotalsView;
  readonly state?: string;
  readonly pinnedAt?: string;
  /** It was removed, and can be brought back. */
  readonly trash?: { readonly until: string; readonly jobId: string };
  readonly lock?: { readonly mode: string; readonly until: string };
  /** `age`, or `pipe`; absent: it is not encrypted. */
  readonly encryption?: string;
}

/** A gateway, as its backups in a place that it shares with others tell of it. */
export interface GatewayInPlaceView {
  readonly prefix: string;
  readonly location: string;
  readonly sets: number;
  readonly incompleteSets: number;
  readonly newestSetAt?: string;
  readonly preDeleteAt?: string;
  readonly tenants: number;
  readonly archives: number;
  readonly newestArchiveAt?: string;
  readonly bytes: number;
}

/** Who has signed an archive. */
export interface SignerView {
  readonly trust: "own" | "trusted" | "stranger" | "unsigned";
  /** Absent for an archive that is not signed. */
  readonly keyId?: string;
}

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

export interface JobView {
  readonly id: string;
  readonly type: string;
  readonly tenant?: string;
  readonly trigger: string;
  readonly actor: string;
  readonly state: JobState;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly request?: Readonly<Record<string, unknown>>;
  readonly progress?: JobProgress;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly JobWarning[];
  /** What it began to do, or to wait for, and when. */
  readonly log?: readonly JobLogLine[];
  readonly error?: JobError;
}

export interface JobLogLine {
  readonly at: string;
  readonly phase: string;
  readonly message?: string;
}

export interface JobProgress {
  readonly phase: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly files?: number;
  readonly totalFiles?: number;
  readonly storedBytes?: number;
  readonly message?: string;
}

export interface JobWarning {
  readonly code: string;
  readonly path?: string;
  readonly message: string;
}

export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exitCode?: number;
}

/** `result` of a backup; the second half is a dry run's. */
export interface BackupResult {
  readonly location?: string;
  readonly size?: number;
  readonly durationMs?: number;
  readonly totals?: TotalsView;
  readonly overwriteGuard?: "atomic" | "checked" | "off";
  readonly mode?: "full" | "incremental";
  /** Id of the archive that bytes were copied from. */
  readonly base?: string;
  /** Follows "because". */
  readonly fullReason?: string;
  readonly bytes?: { readonly uploaded: number; readonly stored: number };
  readonly excluded?: { readonly entries: number; readonly bytes: number };
  readonly topLevel?: readonly { readonly path: string; readonly files: number; readonly bytes: number }[];
  readonly leftOut?: readonly LeftOutView[];
  readonly largest?: readonly LargeView[];
  readonly largestDirectories?: readonly LargeView[];
}

export interface LargeView {
  readonly path: string;
  readonly size: number;
}

/** What a dry run leaves out for one reason. */
export interface LeftOutView {
  readonly reason: string;
  readonly rule?: string;
  /** How many of them there are; the other figures count what lies below as well. */
  readonly paths: number;
  readonly entries: number;
  readonly bytes: number;
  readonly examples: readonly string[];
}

/** `result` of a restore or an undo. */
export interface RestoreResult {
  readonly tenant?: string;
  readonly from?: string;
  readonly replaced?: boolean;
  /** Of the archive. */
  readonly signedBy?: SignerView;
  readonly undo?: string;
  readonly totals?: TotalsView;
  readonly durationMs?: number;
  readonly token?: "kept" | "archive" | "earlier" | "new";
  readonly newToken?: string;
  readonly schedulesDisabled?: number;
  readonly rePair?: readonly string[];
  /** Of a restore of paths: the directory of the tenant that they are in; absent where they are in place. */
  readonly into?: string;
  /** Of its dry run: what would be written, or the beginning of that. */
  readonly paths?: readonly string[];
  /** What was looked at when a whole tenant had been restored. */
  readonly checklist?: readonly ChecklistItemView[];
}

/** `result` of a prune. */
export interface PruneResult {
  readonly dryRun?: boolean;
  /** By destination, the newest first. */
  readonly archives?: readonly PrunedArchiveView[];
  /** Whose objects are not where they were put. */
  readonly lost?: readonly { readonly id: string; readonly location: string }[];
  readonly kept?: number;
  readonly removed?: number;
  readonly freedBytes?: number;
  /** What went into the trash. */
  readonly trashed?: number;
  readonly trashedBytes?: number;
  readonly trashUntil?: string;
}

export interface PrunedArchiveView {
  readonly id: string;
  readonly location: string;
  readonly createdAt: string;
  readonly size: number;
  readonly keep: boolean;
  readonly reasons: readonly string[];
}

/** `result` of a rekey. */
export interface RekeyResult {
  readonly from?: string;
  readonly location?: string;
  readonly size?: number;
  readonly durationMs?: number;
}

/** `result` of the removal of one archive. */
export interface RemoveResult {
  readonly archiveId?: string;
  readonly location?: string;
  readonly outcome?: "removed" | "trashed" | "gone" | "forgotten";
  readonly freedBytes?: number;
  readonly trashUntil?: string;
}

interface Listed<T> {
  readonly count: number;
  /** Some of them. */
  readonly first: readonly T[];
}

interface PlaceAndReason {
  readonly location: string;
  readonly reason: string;
}

/** `result` of a rebuild. */
export interface RebuildResult {
  readonly dryRun?: boolean;
  readonly places?: readonly {
    readonly location: string;
    readonly objects: number;
    readonly archives: number;
    readonly problem?: string;
  }[];
  readonly tenants?: readonly { readonly tenant: string; readonly uid: string; readonly archives: number }[];
  readonly added?: number;
  readonly known?: number;
  readonly moved?: Listed<{ readonly from: string; readonly to: string }>;
  readonly lost?: Listed<{ readonly location: string }>;
  readonly damaged?: Listed<PlaceAndReason>;
  readonly foreign?: Listed<PlaceAndReason>;
  readonly unread?: Listed<PlaceAndReason>;
}

/** `result` of the check of a destination. */
export interface CheckResult {
  readonly location?: string;
  readonly findings?: readonly {
    readonly what: string;
    readonly outcome: string;
    readonly message: string;
    readonly consequence?: string;
  }[];
  readonly speed?: {
    readonly latencyMs?: number;
    readonly writeBytesPerSecond: number;
    readonly readBytesPerSecond: number;
  };
}

/** `result` of a verification or a drill. */
export interface CheckResult {
  readonly level?: "quick" | "sample" | "full" | "drill";
  readonly archives?: readonly CheckedArchiveView[];
  readonly bytesRead?: number;
  readonly durationMs?: number;
}

export interface CheckedArchiveView {
  readonly location: string;
  readonly outcome: string;
  readonly message?: string;
  readonly bytesRead?: number;
  readonly durationMs?: number;
  readonly notChecked?: readonly string[];
  readonly signedBy?: SignerView;
  /** Of a verification. */
  readonly segments?: number;
  readonly segmentsChecked?: number;
  /** Of a drill. */
  readonly restoreMs?: number;
  readonly totals?: TotalsView;
  readonly databases?: { readonly checked: number; readonly unchecked: number };
  readonly json?: { readonly checked: number };
}

/** An archive as its own index describes it. */
export interface ArchiveContentsView {
  readonly location: string;
  readonly size: number;
  readonly etag: string;
  readonly storedAt: string;
  readonly formatVersion: number;
  readonly tenant: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly producer: string;
  readonly totals: TotalsView;
  readonly ratio: number;
  readonly segments: readonly SegmentSumView[];
  readonly index: { readonly bytes: number; readonly sha256: string };
  readonly signedBy?: SignerView;
  readonly flagged: { readonly database: number; readonly truncated: number; readonly changed: number };
  readonly warnings: readonly JobWarning[];
  readonly catalogue?: ArchiveView;
  readonly replaced?: ArchiveView;
}

export interface SegmentSumView {
  readonly kind: string;
  readonly segments: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
}

/** What lists tell of an entry. */
export interface EntryFacts {
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: string;
  readonly sha256?: string;
  readonly target?: string;
  readonly target64?: string;
  readonly flags?: readonly string[];
}

interface ListedPath {
  readonly path?: string;
  /** Base64 of a path that is not UTF-8. */
  readonly path64?: string;
}

/** An entry of an archive. */
export interface EntryLine extends EntryFacts, ListedPath {
  readonly kind: "entry";
}

export interface EntriesEnd {
  readonly kind: "end";
  readonly entries: number;
  readonly contentBytes: number;
}

/** `unexplained`: other content though size, mode and time are the same. */
export type DifferenceLine =
  | (EntryFacts & ListedPath & { readonly kind: "added" | "removed" })
  | (ListedPath & {
      readonly kind: "changed" | "unexplained";
      readonly changes: readonly string[];
      readonly before: EntryFacts;
      readonly after: EntryFacts;
    });

export interface DifferencesEnd {
  readonly kind: "end";
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unexplained: number;
  readonly unchanged: number;
}

/** What came of one time at which a schedule was to run. */
export interface ScheduleRunView {
  readonly at: string;
  readonly due?: string;
  readonly by: string;
  readonly outcome: "started" | "skipped" | "refused" | "failed";
  readonly jobId?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly job?: {
    readonly state: JobState;
    readonly finishedAt?: string;
    readonly error?: { readonly code: string; readonly message: string };
  };
}

export interface ScheduleView {
  /** Absent: the gateway's. */
  readonly tenant?: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly schedule: string;
  readonly tz: string;
  readonly jitter?: string;
  readonly overlap: string;
  readonly missed: string;
  readonly grace: string;
  readonly job: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly createdBy: string;
  /** What an approval is of. */
  readonly hash: string;
  readonly approved: boolean;
  readonly problem?: string;
  readonly nextRuns: readonly { readonly at: string; readonly words: string }[];
  readonly lastRun?: ScheduleRunView;
}

export interface FindingView {
  readonly check: string;
  readonly severity: "ok" | "info" | "warning" | "critical";
  readonly message: string;
  readonly fix?: string;
  readonly tenant?: string;
  /** `doctor --yes` puts it right. */
  readonly repairable?: boolean;
}

export interface RepairView {
  readonly check: string;
  readonly tenant?: string;
  /** The message of the finding. */
  readonly finding: string;
  readonly ok: boolean;
  readonly outcome: string;
}

export interface DoctorView {
  readonly findings: readonly FindingView[];
  readonly worst: FindingView["severity"];
  /** Of `--yes`. */
  readonly repairs?: readonly RepairView[];
  /** The state directory itself was looked at. */
  readonly offline?: true;
  readonly stateDir?: string;
}

export interface ChecklistItemView {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly fix?: string;
}

/** What a restore of the whole gateway has left to be looked after. */
export interface PostRestoreView {
  readonly from: string;
  readonly restoredAt: string;
  /** Absent: it was not gone through yet. */
  readonly checkedAt?: string;
  readonly items?: readonly ChecklistItemView[];
}

/** The backup plugin's part of the status, as far as it is shown. */
export interface BackupStatusView {
  readonly activeJobs: number;
  readonly defaultDestination: { readonly severity: string; readonly message: string };
  readonly signatures: { readonly key?: string; readonly problem?: string };
  readonly channels: readonly {
    readonly name: string;
    readonly unsent: number;
    readonly problem?: string;
  }[];
  readonly gateway: BackupStandingView;
  readonly tenants: readonly TenantStatusView[];
  readonly postRestore?: PostRestoreView;
}

/** How the backups of a tenant, or of the whole gateway, do. */
export interface BackupStandingView {
  readonly state: string;
  readonly lastBackup?: string;
  readonly ageHours?: number;
  readonly size?: number;
  readonly failureCode?: string;
  readonly nextRun?: string;
  readonly schedule: string;
  readonly verified?: string;
}

export interface TenantStatusView extends BackupStandingView {
  readonly tenant: string;
}

export interface StatusView {
  readonly version: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly tenants: { readonly count: number };
  readonly warnings: readonly string[];
  readonly sections: Readonly<Record<string, unknown>>;
  readonly failures?: readonly { readonly section: string; readonly message: string }[];
}

export function isFinished(state: JobState): boolean {
  return state !== "queued" && state !== "running";
}

export interface AuditLineView {
  readonly seq: number;
  readonly time: string;
  readonly actor: string;
  readonly from?: string;
  readonly action: string;
  readonly tenant?: string;
  readonly result: string;
  readonly code?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditPageView {
  readonly lines: readonly AuditLineView[];
  /** There may be more, before the line of this number. */
  readonly next?: number;
}

export interface AuditVerificationView {
  readonly ok: boolean;
  readonly files: number;
  readonly lines: number;
  readonly torn: number;
  readonly first?: { readonly seq: number; readonly time: string };
  readonly head: { readonly seq: number; readonly hash: string };
  readonly noted?: "found" | "pruned" | "missing";
  readonly faultCount: number;
  readonly faults: readonly { readonly file: string; readonly line: number; readonly problem: string }[];
}

/** `result` of a backup of the whole gateway. */
export interface GatewayBackupResult {
  /** Of its backup.json. */
  readonly location?: string;
  readonly size?: number;
  readonly durationMs?: number;
  readonly parts?: readonly (Pick<BackupResult, "mode" | "fullReason" | "bytes"> & {
    readonly name: string;
    readonly archiveId: string;
    readonly size: number;
    readonly totals: TotalsView;
  })[];
}

/** A backup of the whole gateway. */
export interface GatewaySetView {
  readonly id?: string;
  readonly kind: string;
  /** complete, incomplete, removing, damaged. */
  readonly state: string;
  readonly location: string;
  readonly createdAt: string;
  readonly size: number;
  readonly parts: readonly { readonly name: string }[];
  readonly pinned: boolean;
  readonly verifiedAt?: string;
  readonly problem?: string;
}

/** `result` of a prune of these. */
export interface GatewayPruneResult {
  readonly sets?: readonly {
    readonly id: string;
    readonly location: string;
    readonly createdAt: string;
    readonly size: number;
    readonly keep: boolean;
    readonly reasons: readonly string[];
  }[];
  readonly kept?: number;
  readonly removed?: number;
  readonly freedBytes?: number;
  readonly dryRun?: boolean;
}
