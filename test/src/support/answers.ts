/** The parts of the command line's `--json` documents that the tests read. */

export interface Totals {
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly contentBytes: number;
}

export interface Job<Result> {
  readonly id: string;
  readonly state: "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";
  readonly result: Result;
  readonly warnings: readonly { readonly code: string; readonly path?: string; readonly message: string }[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export interface BackupResult {
  /** Its id in the catalogue. */
  readonly archiveId: string;
  /** As a person would write it: a path, or `s3://bucket/key`. */
  readonly location: string;
  readonly size: number;
  readonly durationMs: number;
  readonly totals: Totals;
  readonly databases: number;
  readonly mode: "full" | "incremental";
  /** Of an incremental one: the archive it took bytes over from. */
  readonly base?: string;
  /** Of a full one: why it is not incremental. */
  readonly fullReason?: string;
  readonly bytes: Readonly<Record<"planned" | "read" | "reused" | "uploaded" | "stored", number>>;
}

export interface RestoreResult {
  readonly tenant: string;
  readonly replaced: boolean;
  readonly undo?: string;
  readonly totals: Totals;
  readonly token: "kept" | "archive" | "new";
  readonly newToken?: string;
  readonly schedulesDisabled?: number;
  readonly rePair?: readonly string[];
  readonly durationMs: number;
}

export type BackupJob = Job<BackupResult>;
export type RestoreJob = Job<RestoreResult>;
