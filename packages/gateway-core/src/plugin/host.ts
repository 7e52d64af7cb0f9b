/**
 * What a plugin sees of the gateway, and what the gateway asks of a plugin.
 *
 * Glossary
 * - **host**: the gateway process, as a plugin sees it. A plugin imports these types only, never the host's code, so
 *   that another host can implement the same interface.
 * - **tenant**: one customer of the gateway; one directory below `tenants/`.
 * - **slot**: a tenant id, whether a tenant stands there or not.
 * - **claim**: a job's exclusive right to a slot (backup, restore, undo and delete exclude each other).
 * - **suspension**: a short time in which a tenant's calls are answered 503 and its files are closed, so that its
 *   directory can be swapped.
 * - **workspace**: the part of a tenant's directory that the tenant itself reads and writes through the file API. No
 *   plugin keeps an SQLite connection below it: the host opens and closes files there, which drops the connection's locks.
 * - **job type**: work that a plugin can be asked to start by name with checked parameters, by a route or by a schedule.
 * - **schedule**: when to start which job with which parameters; a tenant's, or the gateway's own. See docs/schedules.md.
 */
import type { FastifyPluginAsync } from "fastify";
import type { Registry } from "prom-client";
import type { TObject, TSchema } from "@openclaw/schema";

/** A plugin as it is handed to `createGateway({ plugins })`. */
export interface GatewayPlugin {
  /** Lower-case; the key of its section under `plugins` in openclaw.json. */
  readonly name: string;
  readonly version: string;
  /** Schema of its config section; the host checks the section (with defaults filled in) before `setup`. */
  readonly configSchema: TObject;
  /**
   * Called once, after the state lock is held and the tenants are loaded, before the server listens. Registers
   * everything through `host`. What it rejects with stops the start.
   */
  setup(host: PluginHost, config: unknown): Promise<void>;
  /**
   * Called in the place of `setup` by a doctor while no gateway runs: registers job types and doctor checks through
   * `host`; nothing else of what it registers counts. It changes nothing on disk, and neither do its checks, until one of
   * their repairs is asked for. The state lock is held where a repair may be.
   *
   * @returns What gives everything free again.
   */
  inspect?(host: PluginHost, config: unknown, options: InspectOptions): Promise<() => Promise<void>>;
}

export interface InspectOptions {
  /** False: the next start would not accept openclaw.json, and `config` holds the defaults. What depends on it is left out. */
  readonly isConfigValid: boolean;
}

export interface PluginHost {
  /** Version of the gateway, for `producer` fields and the status page. */
  readonly version: string;
  readonly paths: StatePaths;
  /** A child logger that carries the plugin's name. Secrets are redacted by the host, but do not rely on it. */
  readonly log: PluginLogger;
  readonly clock: Clock;
  readonly tenants: TenantAccess;
  readonly hooks: HookBus;
  readonly schedules: ScheduleAccess;
  readonly audit: AuditAccess;
  readonly replacedState: ReplacedState;
  /** The registry behind `/metrics`. Names start with `openclaw_<plugin>_`. */
  readonly metrics: Registry;

  /**
   * The secret behind a reference of the plugin's config section. Read anew at each call, so that a secret that was
   * replaced on disk is taken. Throws `CONFIG_INVALID` naming the variable or the file.
   */
  resolveSecret(reference: SecretReference): string;
  /** The gateway's environment, for settings that may come from it (`S3_ENDPOINT`, …). */
  readonly env: Readonly<Record<string, string | undefined>>;

  /**
   * Registers routes under `/api/admin` (admin token) or `/api/tenant` (that tenant's token). The host authenticates,
   * applies the tenant gate, turns thrown {@link CodedError}s into problem documents and collects the schemas into
   * `/api/openapi.json`. In tenant scope `request.tenant` is the caller; a route that touches no file of the tenant says
   * so, `config: { besideTenant: true }`, and is then not in the way of a suspension.
   */
  addRoutes(scope: RouteScope, routes: FastifyPluginAsync): void;
  addJobType(type: JobType): void;
  addPanel(panel: UiPanel): void;
  addDoctorCheck(check: DoctorCheck): void;
  addStatusSection(section: StatusSection): void;
  /**
   * Whether the gateway does its work, as far as it can tell by itself: the part of the post-restore checklist that is the
   * host's. Asks no store. Rejects until the gateway serves.
   *
   * @param tenant Says of this tenant whether it is served, and what the doctor finds with it.
   */
  checkUp(tenant?: string): Promise<readonly ChecklistItem[]>;
  /** A probe of `/readyz`: undefined when ready, else one line that says what is missing. */
  addReadiness(name: string, probe: () => string | undefined): void;
  /**
   * Calls back about once a second, with the injected clock's time, from when the schedules run until the gateway stops. Not
   * again while a call has not ended; what it rejects with is logged.
   */
  addTick(tick: () => Promise<void>): void;
  addShutdown(shutdown: Shutdown): void;
}

/**
 * The audit log. The host itself writes a line for each request that changes something, and for each that is refused; a
 * route adds to its line with `request.audit()`. See docs/audit.md.
 */
export interface AuditAccess {
  /** Adds a line about something that is no request: a job that has ended. Returns at once, and never throws. */
  record(event: AuditEvent): void;
}

/** What a restore of the whole gateway replaced, and keeps for its undo. */
export interface ReplacedState {
  /**
   * Gives up the undo of restores that were made before `before` (milliseconds since the epoch). Returns directories that are
   * of no use any more, for the caller to remove: that can take long.
   */
  forget(before: number): Promise<readonly string[]>;
}

export interface AuditEvent {
  /** `admin`, `tenant:<id>`, or `gateway`. */
  readonly actor: string;
  /** Two words with a dot: `job.backup`. */
  readonly action: string;
  readonly tenant?: string;
  /** One word: `succeeded`. */
  readonly result: string;
  /** The error's code. */
  readonly code?: string;
  readonly details?: AuditDetails;
}

/** A few short facts. Never a secret, and nothing of a request's body that could hold one. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a route adds to its request's line. */
export interface AuditNote {
  /** The tenant that it is about, where the path does not say it. */
  readonly tenant?: string | undefined;
  readonly details?: AuditDetails;
}

/** A secret in the config: itself, or where it stands. A relative path is relative to the state directory. */
export type SecretReference = string | { readonly env: string } | { readonly file: string };

export type RouteScope = "admin" | "tenant";

/** Absolute paths inside the state directory, but for the last two. */
export interface StatePaths {
  readonly root: string;
  readonly tenants: string;
  /** `tenants/.staging`: on the same file system as the tenants, so that a swap is a rename. */
  readonly staging: string;
  /** `tenants/.trash`. */
  readonly trash: string;
  /** `backup/`: the plugin's own directory. */
  readonly backup: string;
  /** `backups/`: the embedded default destination. */
  readonly backups: string;
  /** The workspace's own volume, which may lie anywhere; absent: the workspace is a part of the state. */
  readonly workspace?: string;
  /** Files with private keys that the config names: never to be copied anywhere. */
  readonly privateKeys?: readonly string[];
}

/** Time is injected, so that tests need not sleep. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The part of pino's interface that plugins use. */
export interface PluginLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What stands in `tenant.json`. */
export interface TenantRecord {
  readonly id: string;
  /** Random, made at creation: tells apart two tenants that had the same id one after the other. 32 hex digits. */
  readonly uid: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** SHA-256 of the tenant's token, 64 hex digits. */
  readonly tokenSha256: string;
  readonly quotas: TenantQuotas;
  readonly labels: Readonly<Record<string, string>>;
}

export interface TenantQuotas {
  /** Most bytes that the tenant's directory may take by a restore or through the file API. Absent: no limit. */
  readonly bytes?: number;
  /** Most entries, likewise. */
  readonly entries?: number;
}

/** A token that was just made: the only time it can be seen. */
export interface NewToken {
  readonly token: string;
  readonly sha256: string;
}

export interface TenantAccess {
  /** Sorted by id. */
  list(): readonly TenantRecord[];
  get(id: string): TenantRecord | undefined;
  /** Where the tenant's directory is or would be. Throws `TENANT_ID_INVALID` for what is not an id. */
  directory(id: string): string;
  /**
   * Checks what claims to be the content of a `tenant.json` (hostile input: an archive's). Throws
   * `TENANT_RECORD_INVALID` with the first offending field.
   */
  parseRecord(json: unknown): TenantRecord;
  /** Makes a record with a fresh uid for a tenant that comes without one. */
  newRecord(id: string, tokenSha256: string): TenantRecord;
  newToken(id: string): NewToken;
  /**
   * Has the tenant's `tenant.json` say what counts, where somebody has altered it: before it is archived. Rejects with what
   * keeps it from being written.
   */
  putRecordRight(id: string): Promise<void>;
  /** The tenant that has this token hash, if any. */
  findByTokenHash(sha256: string): TenantRecord | undefined;
  /**
   * Takes the exclusive claim on a slot, or says who has it. Never waits. The host's own `tenants delete` and
   * `tenants create` take the same claim.
   */
  claim(id: string, holder: string): Claim | ClaimRefused;
  /**
   * Suspends a slot: new calls get 503 with Retry-After, running ones are waited for (`timeoutMs`, then
   * `TENANT_BUSY`), then `tenantSuspended` hooks run so that open files and databases are closed. The caller must hold
   * the claim. Works for an empty slot too. Until `resume`, the slot's record does not change: what `get` gives now is
   * what a restore that keeps the token and quotas has to keep.
   */
  suspend(id: string, options: { readonly reason: string; readonly timeoutMs: number }): Promise<Suspension>;
}

export interface Claim {
  readonly ok: true;
  release(): void;
}

export interface ClaimRefused {
  readonly ok: false;
  /** The `holder` text of who has it. */
  readonly heldBy: string;
}

export interface Suspension {
  /** Reads the slot's `tenant.json` again (it may be gone, or another tenant's), runs `tenantResumed`, serves again. */
  resume(): Promise<void>;
}

/** What plugins can be told of. Handlers run one after the other, in order of registration. */
export interface HookEvents {
  /** Close every file and database below the tenant's directory. */
  tenantSuspended: { readonly tenant: string; readonly directory: string };
  tenantResumed: { readonly tenant: string; readonly directory: string; readonly present: boolean };
  /** Flush what should be in the backup that is about to start. */
  beforeBackup: { readonly tenant: string; readonly directory: string; readonly jobId: string };
  afterBackup: {
    readonly tenant: string;
    readonly directory: string;
    readonly jobId: string;
    readonly succeeded: boolean;
  };
  /**
   * A schedule has come to a time at which it runs, or somebody has run it by hand: what came of it. The other schedules
   * wait for the handlers.
   */
  scheduleRun: {
    /** Absent: the schedule is the gateway's. */
    readonly tenant?: string;
    readonly schedule: string;
    readonly job: string;
    readonly run: ScheduleRun;
  };
}

export type HookName = keyof HookEvents;

export interface HookOptions {
  /** After this time the handler counts as failed. Default 30,000 ms. */
  readonly timeoutMs?: number;
  /**
   * What a failure (or a time-out) of the handler means to the work that it belongs to. Default `warn`: it goes on, and
   * says so. `fail`: it must not go on.
   *
   * - `beforeBackup` with `fail`: the backup fails and stores nothing; for a plugin without whose flush the archive would
   *   be of no use.
   * - `afterBackup`: a warning either way, because the archive is there and good.
   * - `tenantSuspended`, `tenantResumed`: see {@link TenantAccess.suspend}; the option changes nothing.
   */
  readonly onError?: HookErrorPolicy;
}

export type HookErrorPolicy = "warn" | "fail";

export interface HookBus {
  on<N extends HookName>(
    name: N,
    handler: (event: HookEvents[N]) => Promise<void> | void,
    options?: HookOptions,
  ): void;
  /** Runs every handler even if one fails; the failures are returned, for the caller to judge. */
  run<N extends HookName>(name: N, event: HookEvents[N]): Promise<readonly HookFailure[]>;
}

export interface HookFailure {
  /** Name of the plugin whose handler failed. */
  readonly plugin: string;
  readonly error: Error;
  /** What the handler was registered with. */
  readonly onError: HookErrorPolicy;
}

/** Who asked for a job. */
export type JobTrigger = "cron" | "api" | "cli" | "ui";

export interface JobType {
  readonly name: string;
  readonly description: string;
  /**
   * JSON schema of the parameters; the host checks them before `start`. They may stand in a schedule, for anybody who
   * reads the tenant's backup: no credentials among them.
   */
  readonly parameters: TObject;
  /** `tenant`: a tenant id is required. `gateway`: none may be given. */
  readonly scope: "tenant" | "gateway";
  /** The command line that starts it, so that one can be scheduled as it stands (`cron add --cmd`). */
  readonly command?: JobCommand;
  /** Queues a job and returns at once. */
  start(request: JobStart): Promise<{ readonly jobId: string }>;
  /**
   * Why a tenant may not have this job with its own rights: one clause, "the destination 'offsite' is not granted to it".
   * Undefined: it may. A type without this is the admin's alone. Asked anew at every run.
   */
  tenantRefusal?(request: { readonly tenant: string; readonly parameters: unknown }): string | undefined;
  /** What has become of a job that `start` has queued; undefined when nothing is known of it any more. */
  report?(jobId: string): JobReport | undefined;
}

/** How the words of a command become a job's parameters. For a type of scope `tenant`, the tenant's id is its one operand. */
export interface JobCommand {
  /** What follows `openclaw`: `["tenants", "backup"]`. */
  readonly words: readonly string[];
  /** By the flag as it is written, `--to`. */
  readonly flags: Readonly<Record<string, CommandFlag>>;
  /** Flags that the command has and a schedule cannot have, each with the reason and the way out, as one clause. */
  readonly refusedFlags: Readonly<Record<string, string>>;
}

export interface CommandFlag {
  readonly parameter: string;
  /** `none`: a switch. `number`: a whole number where it looks like one, else a text. `list`: a text each time it is given. */
  readonly value: "none" | "text" | "number" | "list";
}

export interface JobStart {
  readonly tenant?: string;
  readonly parameters: unknown;
  readonly trigger: JobTrigger;
  /** `admin`, or `tenant:<id>`. */
  readonly actor: string;
}

export type JobReportState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

export interface JobReport {
  readonly state: JobReportState;
  /** Milliseconds since the epoch. */
  readonly finishedAt?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What plugins see of all schedules. */
export interface ScheduleAccess {
  /** Of the gateway first, then by tenant and name. */
  list(): readonly ScheduleInfo[];
}

export interface ScheduleInfo {
  /** Absent: it is the gateway's. */
  readonly tenant?: string;
  readonly name: string;
  /** Name of the job type. */
  readonly job: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  /** Why it does not run though it is enabled: it waits for an approval, its job type is gone. One sentence. */
  readonly problem?: string;
  /** The last ones, the newest first. */
  readonly runs: readonly ScheduleRun[];
  /** RFC 3339, when it was added: on this gateway, or on the one that it came from. */
  readonly createdAt: string;
  /**
   * The first instant after `after` at which it runs by its times, or would if it were enabled; milliseconds since the
   * epoch. Undefined, here and below: it never does.
   */
  nextRun(after: number): number | undefined;
  /** By when that run has started, put off by its jitter as far as it can be: who has seen no job by then has missed one. */
  startsBy(after: number): number | undefined;
  /** The longest time between two of its runs, by its times, in milliseconds: a day for `0 3 * * *`, three for `0 3 * * 1-5`. */
  longestInterval(): number | undefined;
}

/** What came of one time at which a schedule was to run. */
export interface ScheduleRun {
  /** RFC 3339, like `due`. */
  readonly at: string;
  /** The time that the schedule names; absent for a run by hand. */
  readonly due?: string;
  /** `schedule`; `missed`: made up for, because the gateway was down; else who ran it by hand. */
  readonly by: string;
  /** `refused`: the schedule lacks a right. `failed`: the job could not be started. */
  readonly outcome: "started" | "skipped" | "refused" | "failed";
  readonly jobId?: string;
  /** The error's code, of what was refused or failed. */
  readonly code?: string;
  /** One sentence, of what was not started. */
  readonly reason?: string;
}

/** A page of the control UI: an ES module, with its assets, that the shell loads. */
export interface UiPanel {
  readonly id: string;
  readonly title: string;
  /** Directory that is served at `/ui/panels/<id>/`. */
  readonly assets: string;
  /** Module inside `assets` that defines the panel's custom element. */
  readonly entry: string;
  /** Name of that custom element. */
  readonly element: string;
}

export type Severity = "ok" | "info" | "warning" | "critical";

export interface Finding {
  readonly severity: Severity;
  /** One sentence. */
  readonly message: string;
  /** What to do; absent when all is well. */
  readonly fix?: string;
  readonly tenant?: string;
  /**
   * Puts it right without losing anything: what has to go is kept under another name. `openclaw doctor --yes` calls it.
   * Gives what it did, as one sentence.
   */
  readonly repair?: () => Promise<string>;
}

export interface DoctorCheck {
  readonly name: string;
  /** It asks stores or other machines, or reads much: left out where an answer has to come at once. */
  readonly takesTime?: true;
  run(): Promise<readonly Finding[]>;
}

/** One line of a post-restore checklist. */
export interface ChecklistItem {
  /** `readiness`, `doctor`, `status`, `ui`, `sizes`, …: one word. */
  readonly name: string;
  readonly ok: boolean;
  /** One sentence. */
  readonly message: string;
  /** What to do; absent when all is well. */
  readonly fix?: string;
}

export interface StatusSection {
  readonly name: string;
  readonly schema: TSchema;
  read(): Promise<unknown>;
}

/** Shutdown is graceful first, then forceful; no job is lost either way. */
export interface Shutdown {
  /** Take no new work and let running work end. Called once; the host waits for it for a limited time. */
  drain(): Promise<void>;
  /** Stop what still runs, now, leaving it to be picked up at the next start. Called after `drain`, always. */
  stop(): Promise<void>;
}
