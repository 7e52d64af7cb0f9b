/** The ledger, read from its file by SQL of its own: what wrote it is under test. */
import Database from "better-sqlite3";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Disagreement } from "./disagreement.js";

export interface JobRow {
  readonly id: string;
  readonly type: string;
  readonly tenant: string;
  readonly state: string;
  readonly request_json: string;
  readonly result_json: string | null;
  readonly error_json: string | null;
}

export interface ArchiveRow {
  readonly id: string;
  readonly job_id: string;
  readonly location: string;
  readonly store_kind: "local" | "s3";
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly index_sha256: string;
  /** When its removal was begun. */
  readonly removing_at: number | null;
}

export interface TrashRow {
  readonly job_id: string;
  readonly tenant: string;
  readonly tree: string | null;
  readonly replaced_uid: string | null;
  readonly state: string;
}

export interface SwapRow {
  readonly job_id: string;
  readonly tenant: string;
  readonly phase: string;
}

/** All that the ledger says at one moment. */
export interface LedgerRows {
  readonly jobs: readonly JobRow[];
  /** Those that the catalogue calls good. */
  readonly archives: readonly ArchiveRow[];
  readonly trash: readonly TrashRow[];
  readonly swaps: readonly SwapRow[];
  /** Jobs whose archive was about to become visible, which is not found out yet. */
  readonly completions: readonly { readonly job_id: string }[];
  readonly leftovers: readonly { readonly job_id: string; readonly leftover_json: string }[];
  /** What `PRAGMA integrity_check` and `foreign_key_check` complain of. */
  readonly complaints: readonly string[];
}

/** Reads the ledger of a state directory, whether a gateway runs on it or not. Undefined where there is none yet. */
export function readLedger(stateDirectory: string): LedgerRows | undefined {
  const file = join(stateDirectory, "backup", "ledger.sqlite");
  if (!existsSync(file)) return undefined;
  const database = new Database(file, { readonly: true, timeout: 5000 });
  try {
    const all = <Row>(sql: string): Row[] => database.prepare<[], Row>(sql).all();
    // One transaction: what the rows say belongs together.
    return database.transaction(() => ({
      jobs: all<JobRow>(
        "SELECT id, type, tenant, state, request_json, result_json, error_json FROM jobs ORDER BY id",
      ),
      archives: all<ArchiveRow>("SELECT * FROM archives WHERE state = 'good' ORDER BY seq"),
      trash: all<TrashRow>("SELECT * FROM trash ORDER BY job_id"),
      swaps: all<SwapRow>("SELECT * FROM swaps ORDER BY job_id"),
      completions: all<LedgerRows["completions"][number]>("SELECT job_id FROM completions ORDER BY job_id"),
      leftovers: all<LedgerRows["leftovers"][number]>(
        "SELECT job_id, leftover_json FROM leftovers ORDER BY id",
      ),
      complaints: complaints(database),
    }))();
  } finally {
    database.close();
  }
}

function complaints(database: Database.Database): string[] {
  const integrity = (database.pragma("integrity_check") as { integrity_check: string }[]).map(
    (row) => row.integrity_check,
  );
  const foreignKeys = (database.pragma("foreign_key_check") as { table: string; rowid: number }[]).map(
    ({ table, rowid }) => `row ${rowid} of ${table} refers to what is not there`,
  );
  return [...integrity.filter((line) => line !== "ok"), ...foreignKeys];
}

/** Where the ledger contradicts itself, or calls something unfinished. */
export function checkLedger(rows: LedgerRows, allowLeftover: (json: string) => boolean): Disagreement[] {
  return [
    ...rows.complaints.map((what) => ({ kind: "ledger", what }) as const),
    ...rows.jobs.flatMap((job) => checkJob(job, rows).map((what) => ({ kind: "job", what }) as const)),
    ...rows.swaps.flatMap((swap) => checkSwap(swap, rows)),
    ...rows.completions.map(({ job_id }) => ({
      kind: "archive" as const,
      what: `whether the archive of job ${job_id} is there is not found out`,
    })),
    ...rows.archives
      .filter(({ removing_at }) => removing_at !== null)
      .map(({ location }) => ({ kind: "archive" as const, what: `${location} is being removed` })),
    ...rows.leftovers
      .filter(({ leftover_json }) => !allowLeftover(leftover_json))
      .map(({ job_id, leftover_json }) => ({
        kind: "leftover" as const,
        what: `job ${job_id} has left ${leftover_json}`,
      })),
  ];
}

function checkJob(job: JobRow, { archives, swaps }: LedgerRows): string[] {
  const name = `${job.type} ${job.id} of ${job.tenant}`;
  if (job.state === "queued" || job.state === "running") return [`${name} is ${job.state}`];
  if (job.state !== "succeeded")
    return explains(job.error_json) ? [] : [`${name} does not say why it ${job.state}`];
  if ((JSON.parse(job.request_json) as { dryRun?: boolean }).dryRun === true) return [];
  if (job.result_json === null) return [`${name} succeeded without a result`];
  if (job.type === "backup") {
    const { archiveId } = JSON.parse(job.result_json) as { archiveId?: string };
    const listed = archives.find(({ id }) => id === archiveId);
    // One that is not good any more was overwritten or removed since.
    return listed === undefined || listed.job_id === job.id
      ? []
      : [`${name} claims the archive of job ${listed.job_id}`];
  }
  if (job.type === "prune" || job.type === "remove") return [];
  if (job.type !== "restore" && job.type !== "undo") return [];
  const swap = swaps.find(({ job_id }) => job_id === job.id);
  return swap?.phase === "done"
    ? []
    : [`${name} succeeded, and its swap is ${swap?.phase ?? "not on record"}`];
}

/** Every job that did not succeed has a code and a sentence. */
function explains(errorJson: string | null): boolean {
  if (errorJson === null) return false;
  const { code, message } = JSON.parse(errorJson) as { code?: string; message?: string };
  return code !== undefined && message !== undefined && message !== "";
}

function checkSwap({ job_id, tenant, phase }: SwapRow, { jobs, trash }: LedgerRows): Disagreement[] {
  if (phase !== "done" && phase !== "rolled-back")
    return [{ kind: "swap", what: `the swap of ${tenant} by job ${job_id} is ${phase}` }];
  if (phase === "rolled-back") return [];
  const job = jobs.find(({ id }) => id === job_id);
  const problems: Disagreement[] = [];
  if (!trash.some((row) => row.job_id === job_id))
    problems.push({ kind: "trash", what: `nothing is on record of what job ${job_id} replaced` });
  if (job?.state !== "succeeded")
    problems.push({ kind: "swap", what: `job ${job_id} is ${job?.state ?? "gone"}, but its swap is done` });
  return problems;
}
