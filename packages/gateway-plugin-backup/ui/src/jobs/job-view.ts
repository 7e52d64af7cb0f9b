/** A job as the routes show it (`JobViewSchema`), and the words for it. */
import type { UiHost } from "@openclaw/ui-kit";

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

export type JsonDocument = Readonly<Record<string, unknown>>;

export interface JobWarning {
  readonly code: string;
  readonly path?: string;
  readonly message: string;
}

/** What it began to do, or to wait for, and when. */
export interface JobLogLine {
  readonly at: string;
  readonly phase: string;
  readonly message?: string;
}

export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface JobProgress {
  readonly phase: string;
  readonly doneBytes: number;
  readonly totalBytes?: number;
  readonly files: number;
  readonly totalFiles?: number;
  readonly storedBytes: number;
  /** What the job is waiting for, where a person would wonder. */
  readonly message?: string;
}

/** Times are RFC 3339. */
export interface JobView {
  readonly id: string;
  readonly type: string;
  /** Absent for a job on no tenant in particular. */
  readonly tenant?: string;
  readonly trigger: string;
  readonly actor: string;
  readonly state: JobState;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly request: JsonDocument;
  readonly progress?: JobProgress;
  readonly result?: JsonDocument;
  readonly warnings: readonly JobWarning[];
  readonly log?: readonly JobLogLine[];
  readonly error?: JobError;
}

/** Answer of the routes that start a job. */
export interface Accepted {
  readonly job: JobView;
  /** An equal backup was waiting or running already. */
  readonly joined: boolean;
}

/** Path of the routes that the page's token opens: `jobs/<id>` behind it is a job. */
export function apiRoot({ viewer }: UiHost): string {
  return viewer.kind === "admin" ? "/api/admin" : "/api/tenant";
}

export function isOver({ state }: Pick<JobView, "state">): boolean {
  return state !== "queued" && state !== "running";
}

const TYPES: Readonly<Record<string, string>> = {
  backup: "Backup",
  restore: "Restore",
  undo: "Undo of a restore",
  prune: "Prune",
  remove: "Removal of an archive",
  rebuild: "Rebuild of the catalogue",
  check: "Check of a destination",
  verify: "Verification",
  drill: "Drill",
  rekey: "Rekey",
};

export const JOB_TYPES: readonly string[] = Object.keys(TYPES);

export function typeWord(type: string): string {
  return TYPES[type] ?? type;
}

export const JOB_STATES: readonly JobState[] = [
  "queued",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "interrupted",
];

const STATES: Readonly<Record<JobState, string>> = {
  queued: "Waiting",
  running: "Running",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  interrupted: "Interrupted",
};

export function stateWord(state: JobState): string {
  return STATES[state];
}

const PHASES: Readonly<Record<string, string>> = {
  scan: "Looking at the files",
  write: "Writing the archive",
  verify: "Reading the archive back",
  check: "Checking",
  look: "Looking for archives",
  extract: "Extracting",
  sync: "Making sure that the disk has it",
  swap: "Putting it in place",
  remove: "Removing",
};

export function phaseWord(phase: string): string {
  return PHASES[phase] ?? phase;
}
