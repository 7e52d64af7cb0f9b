import type Database from "better-sqlite3";
import type { ArchiveLimits } from "../../archive/format.js";
import type { JobWarning, JsonObject, StoreAddress } from "../types.js";
import type { NewArchive } from "./archives.js";
import { Statement, type NoParameters } from "./statement.js";

/** An archive that is about to become visible, with all that the ledger notes once it is known to be there. */
export interface Completion {
  readonly store: StoreAddress;
  /** Of the upload, where the store keeps marks. */
  readonly mark: string | undefined;
  /** What the archive was written within. */
  readonly limits: ArchiveLimits;
  readonly archive: Omit<NewArchive, "etag">;
  /** Of the archive that it takes the place of, to be kept. */
  readonly pinnedAt?: number;
  /** The job's, as far as it is known before the archive is visible. */
  readonly result: JsonObject;
  readonly warnings: readonly JobWarning[];
}

export interface CompletionRecord extends Completion {
  readonly jobId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly problem?: string;
}

interface CompletionRow {
  readonly job_id: string;
  readonly record_json: string;
  readonly created_at: number;
  readonly problem: string | null;
}

/** As older versions wrote it, too: they knew no bases. */
type CompletionDocument = Omit<Completion, "archive"> & {
  readonly archive: Omit<Completion["archive"], "checkedAt"> & { readonly checkedAt?: number };
};

/** Table `completions`: written before an archive becomes visible, removed with what it turned out to be. */
export class CompletionsTable {
  readonly #put;
  readonly #supersede;
  readonly #remove;
  readonly #setProblem;
  readonly #get;
  readonly #ofEndedJobs;

  constructor(database: Database.Database) {
    this.#put = new Statement<{ jobId: string; record: string; createdAt: number }>(
      database,
      `INSERT OR REPLACE INTO completions (job_id, record_json, created_at) VALUES (@jobId, @record, @createdAt)`,
    );
    this.#supersede = new Statement<{ jobId: string; mark: string }>(
      database,
      "DELETE FROM completions WHERE json_extract(record_json, '$.mark') = @mark AND job_id <> @jobId",
    );
    this.#remove = new Statement<{ jobId: string }>(
      database,
      "DELETE FROM completions WHERE job_id = @jobId",
    );
    this.#setProblem = new Statement<{ jobId: string; problem: string | null }>(
      database,
      "UPDATE completions SET problem = @problem WHERE job_id = @jobId",
    );
    this.#get = new Statement<{ jobId: string }, CompletionRow>(
      database,
      "SELECT * FROM completions WHERE job_id = @jobId",
    );
    this.#ofEndedJobs = new Statement<NoParameters, CompletionRow>(
      database,
      `SELECT completions.* FROM completions JOIN jobs ON jobs.id = completions.job_id
       WHERE jobs.state NOT IN ('queued', 'running') ORDER BY completions.job_id`,
    );
  }

  /**
   * Notes what a job is about to make visible, in place of what it noted before. What an earlier job noted of the same
   * upload is forgotten: the upload becomes this archive now. Call it in a transaction.
   */
  put(jobId: string, completion: Completion, createdAt: number): void {
    if (completion.mark !== undefined) this.#supersede.run({ jobId, mark: completion.mark });
    this.#put.run({ jobId, record: JSON.stringify(completion), createdAt });
  }

  /** Fine when it is not there. */
  remove(jobId: string): void {
    this.#remove.run({ jobId });
  }

  /** @param problem Undefined: the store has answered. */
  setProblem(jobId: string, problem: string | undefined): void {
    this.#setProblem.run({ jobId, problem: problem ?? null });
  }

  get(jobId: string): CompletionRecord | undefined {
    const row = this.#get.get({ jobId });
    return row === undefined ? undefined : completionRecord(row);
  }

  /** Those of jobs that have ended, oldest first. */
  ofEndedJobs(): CompletionRecord[] {
    return this.#ofEndedJobs.all({}).map(completionRecord);
  }
}

function completionRecord(row: CompletionRow): CompletionRecord {
  const completion = JSON.parse(row.record_json) as CompletionDocument;
  const { archive } = completion;
  return {
    ...completion,
    archive: { checkedAt: archive.createdAt, ...archive },
    jobId: row.job_id,
    createdAt: row.created_at,
    ...(row.problem === null ? {} : { problem: row.problem }),
  };
}
