import type Database from "better-sqlite3";
import type { SerializedError } from "../../errors.js";
import { Statement } from "./statement.js";

/** A level of verification, or a drill. */
export type CheckKind = "quick" | "sample" | "full" | "drill";

/** `damaged`: the archive is. `failed`: it is as it was made, and what it holds is of no use; drills only. */
export type CheckResult = "good" | "damaged" | "failed";

export interface NewCheck {
  readonly archiveId: string;
  readonly kind: CheckKind;
  readonly jobId: string;
  readonly outcome: CheckResult;
  /** When it ended. Milliseconds since the epoch, like every time here. */
  readonly checkedAt: number;
  readonly durationMs: number;
  /** Of the object; 0 where the check found damage. */
  readonly bytesRead: number;
  /** Of a drill that got so far: from the first byte to a tree that is on the disk. */
  readonly restoreMs?: number;
  /** Why it is not good. */
  readonly problem?: SerializedError;
  /** Of a good sample: where the next one goes on. */
  readonly sampledTo?: string;
}

/** The last check of its kind that an archive has had. */
export interface CheckRecord extends NewCheck {
  /** When the last good one ended. */
  readonly goodAt?: number;
}

interface CheckRow {
  readonly archive_id: string;
  readonly kind: CheckKind;
  readonly job_id: string;
  readonly outcome: CheckResult;
  readonly checked_at: number;
  readonly good_at: number | null;
  readonly duration_ms: number;
  readonly bytes_read: number;
  readonly restore_ms: number | null;
  readonly problem_json: string | null;
  readonly sampled_to: string | null;
}

/** Table `checks`: what verifications and drills have found out about the archives of the catalogue. */
export class ChecksTable {
  readonly #note;
  readonly #get;
  readonly #ofArchive;
  readonly #ofTenant;

  constructor(database: Database.Database) {
    this.#note = new Statement<
      Omit<NewCheck, "restoreMs" | "problem" | "sampledTo"> & {
        restoreMs: number | null;
        problem: string | null;
        sampledTo: string | null;
      }
    >(
      database,
      `INSERT INTO checks (archive_id, kind, job_id, outcome, checked_at, good_at, duration_ms, bytes_read, restore_ms,
         problem_json, sampled_to)
       VALUES (@archiveId, @kind, @jobId, @outcome, @checkedAt, iif(@outcome = 'good', @checkedAt, NULL), @durationMs,
         @bytesRead, @restoreMs, @problem, @sampledTo)
       ON CONFLICT (archive_id, kind) DO UPDATE SET job_id = excluded.job_id, outcome = excluded.outcome,
         checked_at = excluded.checked_at, good_at = coalesce(excluded.good_at, good_at),
         duration_ms = excluded.duration_ms, bytes_read = excluded.bytes_read, restore_ms = excluded.restore_ms,
         problem_json = excluded.problem_json, sampled_to = coalesce(excluded.sampled_to, sampled_to)`,
    );
    this.#get = new Statement<{ archiveId: string; kind: CheckKind }, CheckRow>(
      database,
      "SELECT * FROM checks WHERE archive_id = @archiveId AND kind = @kind",
    );
    this.#ofArchive = new Statement<{ archiveId: string }, CheckRow>(
      database,
      "SELECT * FROM checks WHERE archive_id = @archiveId ORDER BY checked_at DESC, kind",
    );
    this.#ofTenant = new Statement<{ tenant: string; tenantUid: string }, CheckRow>(
      database,
      `SELECT checks.* FROM checks JOIN archives ON archives.id = checks.archive_id
       WHERE archives.tenant = @tenant AND archives.tenant_uid = @tenantUid ORDER BY checked_at DESC, seq DESC, kind`,
    );
  }

  /** Takes the place of the last check of its kind; when the last good one was stays, and where samples go on. */
  note(check: NewCheck): void {
    const { restoreMs, problem, sampledTo } = check;
    this.#note.run({
      ...check,
      restoreMs: restoreMs ?? null,
      problem: problem === undefined ? null : JSON.stringify(problem),
      sampledTo: sampledTo ?? null,
    });
  }

  get(archiveId: string, kind: CheckKind): CheckRecord | undefined {
    const row = this.#get.get({ archiveId, kind });
    return row === undefined ? undefined : checkRecord(row);
  }

  /** The last check of each kind, newest first. */
  ofArchive(archiveId: string): CheckRecord[] {
    return this.#ofArchive.all({ archiveId }).map(checkRecord);
  }

  /** The checks of all archives that a tenant has or had, removed ones included, newest first. */
  ofTenant(tenant: string, tenantUid: string): CheckRecord[] {
    return this.#ofTenant.all({ tenant, tenantUid }).map(checkRecord);
  }
}

function checkRecord(row: CheckRow): CheckRecord {
  return {
    archiveId: row.archive_id,
    kind: row.kind,
    jobId: row.job_id,
    outcome: row.outcome,
    checkedAt: row.checked_at,
    durationMs: row.duration_ms,
    bytesRead: row.bytes_read,
    ...(row.good_at === null ? {} : { goodAt: row.good_at }),
    ...(row.restore_ms === null ? {} : { restoreMs: row.restore_ms }),
    ...(row.problem_json === null ? {} : { problem: JSON.parse(row.problem_json) as SerializedError }),
    ...(row.sampled_to === null ? {} : { sampledTo: row.sampled_to }),
  };
}
