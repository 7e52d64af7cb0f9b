import type Database from "better-sqlite3";
import type { SetKind } from "../gateway/set-names.js";
import type { StoreAddress } from "../types.js";
import type { NewArchive } from "./archives.js";
import { Statement, type NoParameters } from "./statement.js";

/** See the migration that made the table. */
export type SetState = "writing" | "complete" | "removing" | "deleted";

/** An archive that is about to become visible as a part of a set. */
export interface WrittenPart {
  readonly archive: Omit<NewArchive, "etag">;
  /** Of its upload, where the store keeps marks. */
  readonly mark?: string | undefined;
}

/** A set that is about to be written. */
export interface NewSet {
  readonly id: string;
  readonly jobId: string;
  readonly kind: SetKind;
  /** Of its backup.json, as a person would write it. */
  readonly location: string;
  readonly store: StoreAddress;
  /** Of its backup.json. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface SetRecord extends NewSet {
  readonly state: SetState;
  /** Of a set that is being written; those of others stand in the catalogue. */
  readonly parts: readonly WrittenPart[];
  /** Of backup.json's text, 64 hex digits; absent until it is about to be written. */
  readonly manifestSha256?: string;
  /** When something of it was last about to become visible in the store. */
  readonly touchedAt: number;
  readonly problem?: string;
}

interface SetRow {
  readonly id: string;
  readonly job_id: string;
  readonly kind: SetKind;
  readonly state: SetState;
  readonly location: string;
  readonly store_json: string;
  readonly key: string;
  readonly created_at: number;
  readonly parts_json: string;
  readonly manifest_sha256: string | null;
  readonly touched_at: number;
  readonly problem: string | null;
}

/** Table `gateway_sets`, and what the gateway is called in the indexes of its archives. */
export class SetsTable {
  /** 32 hex digits. */
  readonly uid: string;
  readonly #insert;
  readonly #setParts;
  readonly #setManifest;
  readonly #setState;
  readonly #complete;
  readonly #setProblem;
  readonly #get;
  readonly #list;
  readonly #open;

  constructor(database: Database.Database) {
    const uid = new Statement<NoParameters, { uid: string }>(database, "SELECT uid FROM gateway").get({});
    /* c8 ignore next -- the migration has made the row */
    this.uid = uid?.uid ?? "";
    this.#insert = new Statement<Omit<NewSet, "store"> & { store: string }>(
      database,
      `INSERT INTO gateway_sets (id, job_id, kind, state, location, store_json, key, created_at, touched_at)
       VALUES (@id, @jobId, @kind, 'writing', @location, @store, @key, @createdAt, @createdAt)`,
    );
    this.#setParts = new Statement<{ id: string; parts: string; at: number }>(
      database,
      "UPDATE gateway_sets SET parts_json = @parts, touched_at = @at WHERE id = @id",
    );
    this.#setManifest = new Statement<{ id: string; sha256: string; at: number }>(
      database,
      "UPDATE gateway_sets SET manifest_sha256 = @sha256, touched_at = @at WHERE id = @id",
    );
    this.#setState = new Statement<{ id: string; state: SetState }>(
      database,
      "UPDATE gateway_sets SET state = @state, parts_json = '[]', problem = NULL WHERE id = @id",
    );
    this.#complete = new Statement<{ id: string; sha256: string }>(
      database,
      `UPDATE gateway_sets SET state = 'complete', parts_json = '[]', problem = NULL, manifest_sha256 = @sha256
       WHERE id = @id`,
    );
    this.#setProblem = new Statement<{ id: string; problem: string }>(
      database,
      "UPDATE gateway_sets SET problem = @problem WHERE id = @id",
    );
    this.#get = new Statement<{ id: string }, SetRow>(database, "SELECT * FROM gateway_sets WHERE id = @id");
    this.#list = new Statement<NoParameters, SetRow>(
      database,
      "SELECT * FROM gateway_sets WHERE state <> 'deleted' ORDER BY created_at DESC, seq DESC",
    );
    this.#open = new Statement<NoParameters, SetRow>(
      database,
      `SELECT gateway_sets.* FROM gateway_sets JOIN jobs ON jobs.id = gateway_sets.job_id
       WHERE gateway_sets.state IN ('writing', 'removing') AND jobs.state NOT IN ('queued', 'running')
       ORDER BY gateway_sets.seq`,
    );
  }

  /** Journals a set before anything of it is stored. */
  begin({ store, ...set }: NewSet): void {
    this.#insert.run({ ...set, store: JSON.stringify(store) });
  }

  /** Notes the archives of a set that is being written, all of them so far; the last is about to become visible. */
  noteParts(id: string, parts: readonly WrittenPart[], at: number): void {
    this.#setParts.run({ id, parts: JSON.stringify(parts), at });
  }

  /** Notes the backup.json that is about to be written, by the SHA-256 of its text. */
  noteManifest(id: string, sha256: string, at: number): void {
    this.#setManifest.run({ id, sha256, at });
  }

  /** @param sha256 Of backup.json's text. */
  complete(id: string, sha256: string): void {
    this.#complete.run({ id, sha256 });
  }

  /** Journals that backup.json and then the archives are about to be removed. */
  beginRemoval(id: string): void {
    this.#setState.run({ id, state: "removing" });
  }

  /** Nothing of it is left. */
  endRemoval(id: string): void {
    this.#setState.run({ id, state: "deleted" });
  }

  setProblem(id: string, problem: string): void {
    this.#setProblem.run({ id, problem });
  }

  get(id: string): SetRecord | undefined {
    const row = this.#get.get({ id });
    return row === undefined ? undefined : setRecord(row);
  }

  /** Every set that is not deleted, newest first. */
  list(): SetRecord[] {
    return this.#list.all({}).map(setRecord);
  }

  /** Those whose job has ended, and which are neither complete nor gone; oldest first. */
  unsettled(): SetRecord[] {
    return this.#open.all({}).map(setRecord);
  }
}

function setRecord(row: SetRow): SetRecord {
  return {
    id: row.id,
    jobId: row.job_id,
    kind: row.kind,
    state: row.state,
    location: row.location,
    store: JSON.parse(row.store_json) as StoreAddress,
    key: row.key,
    createdAt: row.created_at,
    parts: JSON.parse(row.parts_json) as WrittenPart[],
    touchedAt: row.touched_at,
    ...(row.manifest_sha256 === null ? {} : { manifestSha256: row.manifest_sha256 }),
    ...(row.problem === null ? {} : { problem: row.problem }),
  };
}
