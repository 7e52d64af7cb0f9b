import type Database from "better-sqlite3";
import type { JsonObject } from "../types.js";
import { Statement, type NoParameters } from "./statement.js";

/**
 * `prepared`: renames may have been made. `rolling-back`: a rename failed; the old tenant goes back. The other two are
 * the ends: the old tenant stands (`rolled-back`), or the new one (`done`).
 */
export type SwapPhase = "prepared" | "rolling-back" | "rolled-back" | "done";

/** `tenant`: a whole tenant. `paths`: single paths of it, which stand in a journal file beside `staged`. */
export type SwapKind = "tenant" | "paths";

/** One swap, as the journal knows it. Paths are absolute. */
export interface SwapRecord {
  readonly kind: SwapKind;
  readonly jobId: string;
  readonly tenant: string;
  /** The tree that goes in; undefined: the slot becomes empty. */
  readonly staged: string | undefined;
  readonly live: string;
  /** Where the tree goes that stood in the slot; undefined: the slot was empty. */
  readonly trash: string | undefined;
  /** Uid of the tenant in the staged tree. */
  readonly installedUid: string | undefined;
  /** Uid of the tenant that stood in the slot. */
  readonly replacedUid: string | undefined;
  /** The job whose swap this one takes back. */
  readonly undoes: string | undefined;
  /** The job's result, should the next start have to finish the swap. */
  readonly result: JsonObject;
  readonly phase: SwapPhase;
  /** Milliseconds since the epoch, like `expiresAt`. */
  readonly createdAt: number;
  /** When undo stops being possible. */
  readonly expiresAt: number;
}

interface SwapRow {
  readonly kind: SwapKind;
  readonly job_id: string;
  readonly tenant: string;
  readonly staged: string | null;
  readonly live: string;
  readonly trash: string | null;
  readonly installed_uid: string | null;
  readonly replaced_uid: string | null;
  readonly undoes: string | null;
  readonly result_json: string;
  readonly phase: SwapPhase;
  readonly created_at: number;
  readonly expires_at: number;
}

/** Table `swaps`: the journal that lets a crash in the middle of a swap be settled by the next start. */
export class SwapsTable {
  readonly #insert;
  readonly #setPhase;
  readonly #get;
  readonly #open;

  constructor(database: Database.Database) {
    this.#insert = new Statement<{
      kind: SwapKind;
      jobId: string;
      tenant: string;
      staged: string | null;
      live: string;
      trash: string | null;
      installedUid: string | null;
      replacedUid: string | null;
      undoes: string | null;
      result: string;
      phase: SwapPhase;
      createdAt: number;
      expiresAt: number;
    }>(
      database,
      `INSERT INTO swaps (kind, job_id, tenant, staged, live, trash, installed_uid, replaced_uid, undoes, result_json, phase,
         created_at, expires_at)
       VALUES (@kind, @jobId, @tenant, @staged, @live, @trash, @installedUid, @replacedUid, @undoes, @result, @phase,
         @createdAt, @expiresAt)`,
    );
    this.#setPhase = new Statement<{ jobId: string; phase: SwapPhase }>(
      database,
      "UPDATE swaps SET phase = @phase WHERE job_id = @jobId",
    );
    this.#get = new Statement<{ jobId: string }, SwapRow>(
      database,
      "SELECT * FROM swaps WHERE job_id = @jobId",
    );
    this.#open = new Statement<NoParameters, SwapRow>(
      database,
      "SELECT * FROM swaps WHERE phase IN ('prepared', 'rolling-back') ORDER BY job_id",
    );
  }

  insert(swap: SwapRecord): void {
    this.#insert.run({
      ...swap,
      staged: swap.staged ?? null,
      trash: swap.trash ?? null,
      installedUid: swap.installedUid ?? null,
      replacedUid: swap.replacedUid ?? null,
      undoes: swap.undoes ?? null,
      result: JSON.stringify(swap.result),
    });
  }

  setPhase(jobId: string, phase: SwapPhase): void {
    this.#setPhase.run({ jobId, phase });
  }

  get(jobId: string): SwapRecord | undefined {
    const row = this.#get.get({ jobId });
    return row === undefined ? undefined : swapRecord(row);
  }

  /** The swaps that have not ended, oldest first. */
  open(): SwapRecord[] {
    return this.#open.all({}).map(swapRecord);
  }
}

function swapRecord(row: SwapRow): SwapRecord {
  return {
    kind: row.kind,
    jobId: row.job_id,
    tenant: row.tenant,
    staged: row.staged ?? undefined,
    live: row.live,
    trash: row.trash ?? undefined,
    installedUid: row.installed_uid ?? undefined,
    replacedUid: row.replaced_uid ?? undefined,
    undoes: row.undoes ?? undefined,
    result: JSON.parse(row.result_json) as JsonObject,
    phase: row.phase,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
