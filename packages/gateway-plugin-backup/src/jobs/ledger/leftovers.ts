import type Database from "better-sqlite3";
import type { JobLeftover, StoreAddress } from "../types.js";
import type { Leftover } from "../../stores/store.js";
import { Statement, type NoParameters } from "./statement.js";

/** A leftover as it stands in the ledger. */
export interface LeftoverRecord {
  readonly id: number;
  readonly jobId: string;
  readonly leftover: JobLeftover;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Why it could not be taken away the last time; absent when that was not tried yet. */
  readonly problem?: string;
}

interface LeftoverRow {
  readonly id: number;
  readonly job_id: string;
  readonly leftover_json: string;
  readonly created_at: number;
  readonly problem: string | null;
}

/** Table `leftovers`: what jobs have put somewhere and not taken away yet. */
export class LeftoversTable {
  readonly #insert;
  readonly #remove;
  readonly #removeById;
  readonly #setProblem;
  readonly #move;
  readonly #ofMark;
  readonly #ofJob;
  readonly #ofEndedJobs;

  constructor(database: Database.Database) {
    this.#insert = new Statement<{ jobId: string; leftover: string; createdAt: number }>(
      database,
      `INSERT INTO leftovers (job_id, leftover_json, created_at) VALUES (@jobId, @leftover, @createdAt)
       ON CONFLICT DO NOTHING`,
    );
    this.#remove = new Statement<{ jobId: string; leftover: string }>(
      database,
      "DELETE FROM leftovers WHERE job_id = @jobId AND leftover_json = @leftover",
    );
    this.#removeById = new Statement<{ id: number }>(database, "DELETE FROM leftovers WHERE id = @id");
    this.#setProblem = new Statement<{ id: number; problem: string }>(
      database,
      "UPDATE leftovers SET problem = @problem WHERE id = @id",
    );
    this.#move = new Statement<{ id: number; jobId: string }>(
      database,
      "UPDATE leftovers SET job_id = @jobId, problem = NULL WHERE id = @id",
    );
    this.#ofMark = new Statement<{ mark: string }, { id: number }>(
      database,
      "SELECT id FROM leftovers WHERE json_extract(leftover_json, '$.leftover.mark') = @mark LIMIT 1",
    );
    // What an unsettled swap may still need is not in anybody's way.
    const disposable = "job_id NOT IN (SELECT job_id FROM swaps WHERE phase IN ('prepared', 'rolling-back'))";
    this.#ofJob = new Statement<{ jobId: string }, LeftoverRow>(
      database,
      `SELECT * FROM leftovers WHERE job_id = @jobId AND ${disposable} ORDER BY id`,
    );
    this.#ofEndedJobs = new Statement<NoParameters, LeftoverRow>(
      database,
      `SELECT leftovers.* FROM leftovers JOIN jobs ON jobs.id = leftovers.job_id
       WHERE jobs.state NOT IN ('queued', 'running') AND leftovers.${disposable} ORDER BY leftovers.id`,
    );
  }

  /** Fine when it is noted already. */
  add(jobId: string, leftover: JobLeftover, createdAt: number): void {
    this.#insert.run({ jobId, leftover: canonicalJson(leftover), createdAt });
  }

  /** Fine when it is not there. */
  remove(jobId: string, leftover: JobLeftover): void {
    this.#remove.run({ jobId, leftover: canonicalJson(leftover) });
  }

  removeById(id: number): void {
    this.#removeById.run({ id });
  }

  /** Makes a leftover another job's, which has taken over what it stands for; when it was first noted stays. */
  move(id: number, jobId: string): void {
    this.#move.run({ id, jobId });
  }

  /** Is there an unfinished upload of parts whose object would carry this mark? */
  hasUpload(mark: string): boolean {
    return this.#ofMark.get({ mark }) !== undefined;
  }

  setProblem(id: number, problem: string): void {
    this.#setProblem.run({ id, problem });
  }

  /** Those of one job that may be taken away: none while its swap is not settled. */
  ofJob(jobId: string): LeftoverRecord[] {
    return this.#ofJob.all({ jobId }).map(leftoverRecord);
  }

  /** Those of all jobs that have ended, however they did, and whose swap, if any, is settled. */
  ofEndedJobs(): LeftoverRecord[] {
    return this.#ofEndedJobs.all({}).map(leftoverRecord);
  }
}

/**
 * Equal leftovers give equal text, whatever the order in which their fields were set. Naming each field also keeps a
 * secret out that a caller's wider object might carry.
 */
function canonicalJson(leftover: JobLeftover): string {
  return JSON.stringify(
    leftover.kind === "directory"
      ? { kind: leftover.kind, path: leftover.path }
      : {
          kind: leftover.kind,
          store: plainAddress(leftover.store),
          leftover: plainLeftover(leftover.leftover),
          namedAt: leftover.namedAt,
        },
  );
}

function plainAddress(address: StoreAddress): object {
  if (address.kind === "local") return { kind: address.kind };
  const { kind, bucket, endpoint, region, pathStyle, destination, profile, requestKeys } = address;
  return { kind, bucket, endpoint, region, pathStyle, destination, profile, requestKeys };
}

function plainLeftover(leftover: Leftover): object {
  switch (leftover.kind) {
    case "multipart": {
      const { kind, key, uploadId, mark, sizeHint, resumable } = leftover;
      return { kind, key, uploadId, mark, sizeHint, resumable };
    }
    case "begun":
    case "probe":
      return { kind: leftover.kind, key: leftover.key };
    case "partial-file":
      return { kind: leftover.kind, path: leftover.path };
  }
}

function leftoverRecord(row: LeftoverRow): LeftoverRecord {
  return {
    id: row.id,
    jobId: row.job_id,
    leftover: JSON.parse(row.leftover_json) as JobLeftover,
    createdAt: row.created_at,
    ...(row.problem === null ? {} : { problem: row.problem }),
  };
}
