import type { JobTrigger } from "@openclaw/gateway-core";
import type Database from "better-sqlite3";
import type { SerializedError } from "../../errors.js";
import type {
  JobLogLine,
  JobRecord,
  JobState,
  JobType,
  JobWarning,
  JsonObject,
  TerminalJobState,
} from "../types.js";
import { Statement, type NoParameters } from "./statement.js";

/** What a tenant has started by itself: a later tenant of the same id is another one. */
export type StartedBy = Readonly<{
  tenant: string;
  tenantUid: string;
  /** `tenant:<id>`. */
  actor: string;
}>;

export interface JobFilter {
  readonly tenant?: string;
  readonly state?: JobState;
  /** Most rows to return. */
  readonly limit: number;
}

/** How a job ended. */
export interface JobEnd {
  readonly id: string;
  readonly state: TerminalJobState;
  readonly finishedAt: number;
  /** Absent: what is noted already is kept. */
  readonly tenantUid?: string;
  readonly result?: JsonObject;
  readonly warnings: readonly JobWarning[];
  readonly log?: readonly JobLogLine[];
  readonly error?: SerializedError;
}

export interface BackupFigures {
  /** Bytes of the archive that were not copied from an earlier one. */
  readonly sentBytes?: number;
  readonly durationMs?: number;
}

interface FiguresRow {
  readonly id: string;
  readonly uploaded: number | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
}

interface JobRow {
  readonly id: string;
  readonly type: JobType;
  readonly tenant: string;
  readonly tenant_uid: string | null;
  readonly trigger: JobTrigger;
  readonly actor: string;
  readonly request_json: string;
  readonly state: JobState;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly result_json: string | null;
  readonly warnings_json: string;
  readonly error_json: string | null;
  readonly log_json: string | null;
}

/** Table `jobs`: see {@link JobRecord}. Progress is not in it. */
export class JobsTable {
  readonly #insert;
  readonly #start;
  readonly #end;
  readonly #get;
  readonly #open;
  readonly #list;
  readonly #listTenant;
  readonly #listState;
  readonly #listTenantState;
  readonly #lastOfEach;
  readonly #lastOfGateway;
  readonly #startedBy;
  readonly #openBy;
  readonly #backupsBy;
  readonly #backupFigures;

  constructor(database: Database.Database) {
    this.#insert = new Statement<{
      id: string;
      type: JobType;
      tenant: string;
      tenantUid: string | null;
      trigger: JobTrigger;
      actor: string;
      request: string;
      createdAt: number;
    }>(
      database,
      `INSERT INTO jobs (id, type, tenant, tenant_uid, trigger, actor, request_json, state, created_at)
       VALUES (@id, @type, @tenant, @tenantUid, @trigger, @actor, @request, 'queued', @createdAt)`,
    );
    this.#start = new Statement<{ id: string; startedAt: number; tenantUid: string | null }>(
      database,
      `UPDATE jobs SET state = 'running', started_at = @startedAt, tenant_uid = coalesce(@tenantUid, tenant_uid)
       WHERE id = @id`,
    );
    this.#end = new Statement<{
      id: string;
      state: TerminalJobState;
      finishedAt: number;
      tenantUid: string | null;
      result: string | null;
      warnings: string;
      log: string | null;
      error: string | null;
    }>(
      database,
      `UPDATE jobs SET state = @state, finished_at = @finishedAt, tenant_uid = coalesce(@tenantUid, tenant_uid),
         result_json = @result, warnings_json = @warnings, log_json = @log, error_json = @error
       WHERE id = @id`,
    );
    this.#get = new Statement<{ id: string }, JobRow>(database, "SELECT * FROM jobs WHERE id = @id");
    this.#open = new Statement<NoParameters, JobRow>(
      database,
      "SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id",
    );
    const newest = "ORDER BY id DESC LIMIT @limit";
    this.#list = new Statement<{ limit: number }, JobRow>(database, `SELECT * FROM jobs ${newest}`);
    this.#listTenant = new Statement<{ tenant: string; limit: number }, JobRow>(
      database,
      `SELECT * FROM jobs WHERE tenant = @tenant ${newest}`,
    );
    this.#listState = new Statement<{ state: JobState; limit: number }, JobRow>(
      database,
      `SELECT * FROM jobs WHERE state = @state ${newest}`,
    );
    this.#listTenantState = new Statement<{ tenant: string; state: JobState; limit: number }, JobRow>(
      database,
      `SELECT * FROM jobs WHERE tenant = @tenant AND state = @state ${newest}`,
    );
    const startedBy = "tenant = @tenant AND tenant_uid = @tenantUid AND actor = @actor";
    this.#startedBy = new Statement<StartedBy & { limit: number }, JobRow>(
      database,
      `SELECT * FROM jobs WHERE ${startedBy} ${newest}`,
    );
    this.#openBy = new Statement<StartedBy, { id: string }>(
      database,
      `SELECT id FROM jobs WHERE ${startedBy} AND state IN ('queued', 'running')`,
    );
    this.#backupsBy = new Statement<StartedBy & { after: number }, { created_at: number }>(
      database,
      `SELECT created_at FROM jobs
       WHERE ${startedBy} AND type = 'backup' AND state <> 'interrupted' AND created_at > @after
         AND json_extract(request_json, '$.dryRun') IS NOT 1
       ORDER BY created_at`,
    );
    this.#lastOfEach = new Statement<
      { tenantUids: string; type: string; state: TerminalJobState },
      JobRow & { readonly asked_uid: string }
    >(
      database,
      `SELECT jobs.*, asked.value AS asked_uid FROM json_each(@tenantUids) AS asked JOIN jobs ON jobs.id = (
         SELECT id FROM jobs WHERE tenant_uid = asked.value AND type = @type AND state = @state
           AND json_extract(request_json, '$.dryRun') IS NOT 1
         ORDER BY id DESC LIMIT 1)`,
    );
    this.#lastOfGateway = new Statement<{ type: string; state: TerminalJobState }, JobRow>(
      database,
      "SELECT * FROM jobs WHERE tenant = '' AND type = @type AND state = @state ORDER BY id DESC LIMIT 1",
    );
    this.#backupFigures = new Statement<{ tenant: string }, FiguresRow>(
      database,
      `SELECT id, json_extract(result_json, '$.bytes.uploaded') AS uploaded, started_at, finished_at FROM jobs
       WHERE tenant = @tenant AND type = 'backup' AND state = 'succeeded'`,
    );
  }

  /** The last job of each tenant that ended like this, dry runs aside, by the tenants' uids; one that has none is not in it. */
  lastOfEach(
    tenantUids: readonly string[],
    type: string,
    state: TerminalJobState,
  ): ReadonlyMap<string, JobRecord> {
    const rows = this.#lastOfEach.all({ tenantUids: JSON.stringify(tenantUids), type, state });
    return new Map(rows.map((row) => [row.asked_uid, jobRecord(row)]));
  }

  /** The gateway's own last job that ended like this. */
  lastOfGateway(type: string, state: TerminalJobState): JobRecord | undefined {
    const row = this.#lastOfGateway.get({ type, state });
    return row === undefined ? undefined : jobRecord(row);
  }

  /** What each backup of a tenant has sent, and how long it took, by the job's id. */
  backupFigures(tenant: string): ReadonlyMap<string, BackupFigures> {
    const rows = this.#backupFigures.all({ tenant });
    return new Map(rows.map((row) => [row.id, backupFigures(row)]));
  }

  /** Notes a new job, as queued. */
  insert(job: JobRecord): void {
    this.#insert.run({
      id: job.id,
      type: job.type,
      tenant: job.tenant,
      tenantUid: job.tenantUid ?? null,
      trigger: job.trigger,
      actor: job.actor,
      request: JSON.stringify(job.request),
      createdAt: job.createdAt,
    });
  }

  /** @param tenantUid Undefined keeps what is noted already. */
  start(id: string, startedAt: number, tenantUid: string | undefined): void {
    this.#start.run({ id, startedAt, tenantUid: tenantUid ?? null });
  }

  end(end: JobEnd): void {
    this.#end.run({
      id: end.id,
      state: end.state,
      finishedAt: end.finishedAt,
      tenantUid: end.tenantUid ?? null,
      result: end.result === undefined ? null : JSON.stringify(end.result),
      warnings: JSON.stringify(end.warnings),
      log: end.log === undefined ? null : JSON.stringify(end.log),
      error: end.error === undefined ? null : JSON.stringify(end.error),
    });
  }

  get(id: string): JobRecord | undefined {
    const row = this.#get.get({ id });
    return row === undefined ? undefined : jobRecord(row);
  }

  /** The jobs that have not ended, oldest first. */
  open(): JobRecord[] {
    return this.#open.all({}).map(jobRecord);
  }

  /** Newest first. */
  list({ tenant, state, limit }: JobFilter): JobRecord[] {
    return this.#rows(tenant, state, limit).map(jobRecord);
  }

  /** Newest first. */
  startedBy({ tenant, tenantUid, actor }: StartedBy, limit: number): JobRecord[] {
    return this.#startedBy.all({ tenant, tenantUid, actor, limit }).map(jobRecord);
  }

  /** How many jobs wait or run. */
  countOpenBy({ tenant, tenantUid, actor }: StartedBy): number {
    return this.#openBy.all({ tenant, tenantUid, actor }).length;
  }

  /** When backups were asked for, oldest first; dry runs aside, and those that a stop of the gateway cut off. */
  backupTimesBy({ tenant, tenantUid, actor }: StartedBy, after: number): number[] {
    return this.#backupsBy.all({ tenant, tenantUid, actor, after }).map((row) => row.created_at);
  }

  #rows(tenant: string | undefined, state: JobState | undefined, limit: number): JobRow[] {
    if (tenant === undefined) {
      return state === undefined ? this.#list.all({ limit }) : this.#listState.all({ state, limit });
    }
    return state === undefined
      ? this.#listTenant.all({ tenant, limit })
      : this.#listTenantState.all({ tenant, state, limit });
  }
}

function backupFigures({ uploaded, started_at, finished_at }: FiguresRow): BackupFigures {
  return {
    ...(uploaded === null ? {} : { sentBytes: uploaded }),
    ...(started_at === null || finished_at === null ? {} : { durationMs: finished_at - started_at }),
  };
}

function jobRecord(row: JobRow): JobRecord {
  return {
    id: row.id,
    type: row.type,
    tenant: row.tenant,
    ...(row.tenant_uid === null ? {} : { tenantUid: row.tenant_uid }),
    trigger: row.trigger,
    actor: row.actor,
    request: JSON.parse(row.request_json) as JsonObject,
    state: row.state,
    createdAt: row.created_at,
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    ...(row.result_json === null ? {} : { result: JSON.parse(row.result_json) as JsonObject }),
    warnings: JSON.parse(row.warnings_json) as JobWarning[],
    ...(row.log_json === null ? {} : { log: JSON.parse(row.log_json) as JobLogLine[] }),
    ...(row.error_json === null ? {} : { error: JSON.parse(row.error_json) as SerializedError }),
  };
}
