import type Database from "better-sqlite3";
import { Statement } from "./statement.js";

/**
 * `kept`: undo is possible until it expires. `undoing`: an undo's swap is at work. `undone`: the tree stands in its slot
 * again. `purging`: being removed. `purged`: gone.
 */
export type TrashState = "kept" | "undoing" | "undone" | "purging" | "purged";

/** What one job's swap replaced. */
export interface TrashRecord {
  readonly jobId: string;
  readonly tenant: string;
  /** Absolute path of the tree; undefined: the slot was empty before. */
  readonly tree: string | undefined;
  /** Uid of the tenant that the job put into the slot; undefined: it made the slot empty. */
  readonly installedUid: string | undefined;
  /** Uid of the tenant in the tree. */
  readonly replacedUid: string | undefined;
  readonly state: TrashState;
  /** Milliseconds since the epoch, like `expiresAt`. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

interface TrashRow {
  readonly job_id: string;
  readonly tenant: string;
  readonly tree: string | null;
  readonly installed_uid: string | null;
  readonly replaced_uid: string | null;
  readonly state: TrashState;
  readonly created_at: number;
  readonly expires_at: number;
}

/** Table `trash`: what can be undone, and until when. */
export class TrashTable {
  readonly #insert;
  readonly #changeState;
  readonly #expire;
  readonly #get;
  readonly #inState;

  constructor(database: Database.Database) {
    this.#insert = new Statement<{
      jobId: string;
      tenant: string;
      tree: string | null;
      installedUid: string | null;
      replacedUid: string | null;
      createdAt: number;
      expiresAt: number;
    }>(
      database,
      `INSERT INTO trash (job_id, tenant, tree, installed_uid, replaced_uid, state, created_at, expires_at)
       VALUES (@jobId, @tenant, @tree, @installedUid, @replacedUid, 'kept', @createdAt, @expiresAt)`,
    );
    this.#changeState = new Statement<{ jobId: string; from: TrashState; to: TrashState }>(
      database,
      "UPDATE trash SET state = @to WHERE job_id = @jobId AND state = @from",
    );
    this.#expire = new Statement<{ now: number }>(
      database,
      "UPDATE trash SET state = 'purging' WHERE state = 'kept' AND expires_at <= @now",
    );
    this.#get = new Statement<{ jobId: string }, TrashRow>(
      database,
      "SELECT * FROM trash WHERE job_id = @jobId",
    );
    this.#inState = new Statement<{ state: TrashState }, TrashRow>(
      database,
      "SELECT * FROM trash WHERE state = @state ORDER BY job_id",
    );
  }

  /** Notes what a swap replaced, as kept. */
  insert(trash: Omit<TrashRecord, "state">): void {
    this.#insert.run({
      jobId: trash.jobId,
      tenant: trash.tenant,
      tree: trash.tree ?? null,
      installedUid: trash.installedUid ?? null,
      replacedUid: trash.replacedUid ?? null,
      createdAt: trash.createdAt,
      expiresAt: trash.expiresAt,
    });
  }

  /** Returns whether the record was in state `from`. */
  changeState(jobId: string, from: TrashState, to: TrashState): boolean {
    return this.#changeState.run({ jobId, from, to }) === 1;
  }

  /** Turns what is kept and has expired into what is to be purged. */
  expire(now: number): void {
    this.#expire.run({ now });
  }

  get(jobId: string): TrashRecord | undefined {
    const row = this.#get.get({ jobId });
    return row === undefined ? undefined : trashRecord(row);
  }

  inState(state: TrashState): TrashRecord[] {
    return this.#inState.all({ state }).map(trashRecord);
  }
}

function trashRecord(row: TrashRow): TrashRecord {
  return {
    jobId: row.job_id,
    tenant: row.tenant,
    tree: row.tree ?? undefined,
    installedUid: row.installed_uid ?? undefined,
    replacedUid: row.replaced_uid ?? undefined,
    state: row.state,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
