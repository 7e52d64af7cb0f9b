/**
 * Jobs: the types that everything in `jobs/` and the routes above it share.
 *
 * Glossary
 * - **job**: one piece of work on one tenant: a *backup*, a *restore*, the *undo* of a restore, a *prune* (removes what
 *   a retention policy does not keep), a *remove* (one archive, by hand), a *verify* (checks archives) or a *drill*
 *   (restores one into a scratch directory and checks what is in it) or a *rekey* (encrypts one anew, to others); or on no tenant in particular: a *rebuild* of the
 *   catalogue, or a *check* of a destination. Its states are
 *   `queued → running → succeeded | failed | cancelled | interrupted`; the last four are *terminal*.
 * - **interrupted**: the gateway stopped, or died, before the job had ended. Of its work, only an unfinished upload is kept,
 *   for a new job that goes on with it.
 * - **completion**: an archive that is about to become visible in its store, as the ledger notes it before; see
 *   `completions.ts`.
 * - **ledger**: the SQLite database that remembers jobs, leftovers, archives, swaps and trash. It holds no secrets.
 * - **catalogue**: the part of the ledger that lists the archives.
 * - **lane**: the jobs of one tenant, running and waiting; those without a tenant have a lane for each type. One job of a lane
 *   runs at a time. Those that only look at archives share the tenant with all others: they have a lane beside it.
 * - **claim**: the host's exclusive right to a slot. A lane holds it as long as it has jobs; the one beside it never.
 * - **joining**: a submitted backup that equals one in its lane becomes that job instead of a new one.
 * - **leftover**: what a job has put somewhere and must take away again if it does not succeed: an unfinished upload, a
 *   staging directory, a directory of database copies.
 * - **staging**: `tenants/.staging/<job>/`, where a restore is extracted.
 * - **swap**: putting a staged tree in the place of the live tenant, by rename, under a journal in the ledger.
 * - **trash**: `tenants/.trash/<job>/`, where a swap keeps what it replaced, for undo, until it expires.
 * - **set**: a backup of the whole gateway: an archive of its state, one of its workspace where that is a volume of its
 *   own, and `backup.json`, which is written last; see `gateway/`.
 * - **trash of archives**: archives that were removed and can be brought back for a while; see `archive-trash.ts`.
 */
import type { JobTrigger, PluginLogger } from "@openclaw/gateway-core";
import type { SerializedError } from "../errors.js";
import type { Leftover } from "../stores/store.js";

export type JobType =
  | "backup"
  | "restore"
  | "undo"
  | "prune"
  | "remove"
  | "rebuild"
  | "check"
  | "verify"
  | "drill"
  | "rekey"
  | "gateway-backup"
  | "gateway-prune";

/** Stands in the place of a tenant's id for a job that works on no tenant in particular: it has no claim on any. */
export const NO_TENANT = "";

export type JobState = "queued" | "running" | TerminalJobState;

export type TerminalJobState = "succeeded" | "failed" | "cancelled" | "interrupted";

export function isTerminal(state: JobState): state is TerminalJobState {
  return state !== "queued" && state !== "running";
}

/** A JSON document. Requests and results stand in the ledger for long: never a secret in one. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface JobRecord {
  /** Lower-case letters and digits, 18 long, sorts by time of creation; safe as the name of a directory. */
  readonly id: string;
  readonly type: JobType;
  /** {@link NO_TENANT} for a job of the gateway. */
  readonly tenant: string;
  /** Uid of the tenant that stood in the slot when the job last changed its state; absent while the slot was empty. */
  readonly tenantUid?: string;
  readonly trigger: JobTrigger;
  /** `admin`, or `tenant:<id>`. */
  readonly actor: string;
  readonly request: JsonObject;
  readonly state: JobState;
  /** Milliseconds since the epoch, like the two that follow. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** In memory only; absent before the first report and after a restart. */
  readonly progress?: JobProgress;
  /** Of a job that succeeded. */
  readonly result?: JsonObject;
  readonly warnings: readonly JobWarning[];
  /** Absent: it has not begun to do anything, or a crash has cut it off. */
  readonly log?: readonly JobLogLine[];
  /** Of a job that did not succeed. */
  readonly error?: SerializedError;
}

/** How far a running job is. */
export interface JobProgress {
  /** One word: `scan`, `write`, `extract`, `swap`, … */
  readonly phase: string;
  /** Content bytes. */
  readonly doneBytes: number;
  /** Absent while it is not known, like `totalFiles`. */
  readonly totalBytes?: number;
  readonly files: number;
  readonly totalFiles?: number;
  /** Bytes of the archive that were sent or read. */
  readonly storedBytes: number;
  /** What the job is waiting for, where a person would wonder. */
  readonly message?: string;
}

/** What a job began to do, or to wait for, and when. */
export interface JobLogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** See {@link JobProgress}, like `message`. */
  readonly phase: string;
  readonly message?: string;
}

/** Something that went otherwise than the person may expect. Data, not log text. */
export interface JobWarning {
  /** Stable, upper-case. */
  readonly code: string;
  /** Path relative to the tenant's directory, fit to be shown; absent when the warning is about no file. */
  readonly path?: string;
  /** One sentence. */
  readonly message: string;
}

/**
 * Where a store is, without what opens it. `destination` and `profile` name where the gateway finds the credentials
 * again; a store with neither needs the environment's, or those of a later request to the same place.
 */
export type StoreAddress =
  | { readonly kind: "local" }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly endpoint?: string;
      readonly region?: string;
      readonly pathStyle?: boolean;
      /** Name of a configured destination. */
      readonly destination?: string;
      /** Name of a profile of the gateway machine's AWS configuration. */
      readonly profile?: string;
      /** It was opened with keys that came with the request and are kept nowhere. */
      readonly requestKeys?: true;
    };

/** See "leftover" above. Serializable; stands in the ledger until it is gone. */
export type JobLeftover =
  | {
      readonly kind: "upload";
      readonly store: StoreAddress;
      readonly leftover: Leftover;
      /** The time that the archive's automatic name tells, in milliseconds since the epoch. */
      readonly namedAt?: number;
    }
  /** A directory below the state directory, by its absolute path. */
  | { readonly kind: "directory"; readonly path: string };

/** What the engine is asked to do. */
export interface JobSubmission {
  readonly type: JobType;
  readonly tenant: string;
  readonly trigger: JobTrigger;
  readonly actor: string;
  /** Goes into the ledger: no secrets. */
  readonly request: JsonObject;
  /** Throws what keeps it from becoming a job of its own. Not asked where it joins another. */
  mayStart?(): void;
  /** Runs inside the ledger transaction that notes the job as queued: for rows that it takes over. */
  record?(jobId: string): void;
  /**
   * Equal for two backups of a tenant only if their whole requests are equal (destination, options, credentials); stays
   * in memory. Absent: the job joins none and none joins it.
   */
  readonly joinKey?: string;
  /**
   * Does the work. Called at most once, when it is the job's turn; the tenant's claim is held from before the call until
   * after the returned promise has settled. Should settle soon after `context.signal` is aborted.
   */
  run(context: JobContext): Promise<JobOutcome>;
}

export interface JobOutcome {
  /** No secrets. */
  readonly result: JsonObject;
  /** Runs inside the ledger transaction that marks the job as succeeded: for rows that must stand or fall with it. */
  record?(): void;
}

/** What a running job may do. */
export interface JobContext {
  readonly jobId: string;
  readonly tenant: string;
  /** Aborted when the job is cancelled or the gateway stops; the reason is the `BackupError` to reject with. */
  readonly signal: AbortSignal;
  /** Adds `jobId` and `tenant` to every line. */
  readonly log: PluginLogger;
  /** May be called as often as it likes: listeners hear of it at most four times a second. */
  progress(progress: JobProgress): void;
  warn(warning: JobWarning): void;
  readonly leftovers: {
    /** Returns once the leftover is safe in the ledger; call it before the thing exists. */
    add(leftover: JobLeftover): void;
    /** Call it after the thing is gone, or has become something that stays. Fine when it is not there. Never throws. */
    remove(leftover: JobLeftover): void;
  };
  /**
   * Hands over what the job made and only its starter may see, such as a new token. Kept in memory, and only if the job
   * succeeds.
   */
  secret(value: string): void;
  /** From here on the job runs to its end. Throws the signal's reason when it is aborted already. */
  uncancellable(): void;
}
