/**
 * What is done with a ledger that is damaged: a new one is made with every row that can still be read, and takes its place; the
 * damaged one is kept beside it, whole. What rows were lost is found again from the stores, by `openclaw backups rebuild`.
 */
import { link, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import Database from "better-sqlite3";
import { Ledger } from "../jobs/ledger/ledger.js";
import { migrate } from "../jobs/ledger/migrate.js";

/** What stands behind the name of a ledger that was kept aside, before the time. */
export const DAMAGED = ".damaged-";

export interface Salvage {
  /** Where the damaged one is. */
  readonly kept: string;
  /** Rows that were taken over, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * The caller holds the state lock. A crash in between leaves the damaged ledger in place, or the new one.
 *
 * @param copy A copy of the damaged ledger, with its `-wal`: is written to.
 * @param now Milliseconds since the epoch.
 */
export async function salvageLedger(file: string, copy: string, now: number): Promise<Salvage> {
  const fresh = `${file}.new`;
  await removeAll(fresh);
  Ledger.open(fresh).close();
  const rows = takeOver(copy, fresh);
  await sync(fresh);

  const kept = `${file}${DAMAGED}${new Date(now).toISOString().replaceAll(":", "-")}`;
  await link(file, kept);
  // A log of the old pages would be played back into the new ledger.
  for (const suffix of ["-wal", "-shm"]) await renameIfThere(file + suffix, kept + suffix);
  await sync(path.dirname(file));
  await rename(fresh, file);
  await sync(path.dirname(file));
  await removeAll(fresh);
  return { kept, rows };
}

/** The ledgers that were kept aside, as paths. */
export async function keptLedgers(file: string): Promise<readonly string[]> {
  const prefix = path.basename(file) + DAMAGED;
  const names = await readdir(path.dirname(file)).catch(() => [] as string[]);
  return names
    .filter((name) => name.startsWith(prefix) && !/-(wal|shm)$/.test(name))
    .sort()
    .map((name) => path.join(path.dirname(file), name));
}

function takeOver(from: string, to: string): Record<string, number> {
  const rows: Record<string, number> = {};
  const target = new Database(to);
  try {
    target.pragma("foreign_keys = OFF");
    const source = openDamaged(from);
    try {
      for (const table of tablesOf(target))
        rows[table] = source === undefined ? 0 : copyTable(source, target, table);
    } finally {
      source?.close();
    }
    replaceLostJobs(target);
    dropOrphans(target);
    target.pragma("wal_checkpoint(TRUNCATE)");
  } finally {
    target.close();
  }
  return rows;
}

/** Undefined: nothing of it can be read. */
function openDamaged(file: string): Database.Database | undefined {
  const database = new Database(file);
  try {
    database.pragma("schema_version");
  } catch {
    database.close();
    return undefined;
  }
  try {
    // So that its tables have the columns of today.
    migrate(database);
  } catch {
    // Then they are read as they are.
  }
  return database;
}

function tablesOf(database: Database.Database): readonly string[] {
  return database
    .prepare<[], { readonly name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'",
    )
    .all()
    .map(({ name }) => name);
}

/** From the first row on until one cannot be read, then from the last one back: damage lies in pages, not all over. */
function copyTable(source: Database.Database, target: Database.Database, table: string): number {
  const known = new Set(columnsOf(target, table));
  const columns = columnsOf(source, table).filter((column) => known.has(column));
  if (columns.length === 0) return 0;
  const list = columns.map((column) => `"${column}"`).join(", ");
  const insert = target.prepare(
    `INSERT OR IGNORE INTO "${table}" (${list}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  const before = count(target, table);
  for (const order of ["ASC", "DESC"]) {
    try {
      const rows = source
        .prepare<[], unknown[]>(`SELECT ${list} FROM "${table}" NOT INDEXED ORDER BY rowid ${order}`)
        .raw()
        .safeIntegers();
      for (const row of rows.iterate()) insert.run(row);
      break;
    } catch {
      // The rest may be read from the other end.
    }
  }
  return count(target, table) - before;
}

function columnsOf(database: Database.Database, table: string): readonly string[] {
  try {
    return database
      .prepare<[string], { readonly name: string }>("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function count(database: Database.Database, table: string): number {
  return database.prepare<[], { readonly n: number }>(`SELECT count(*) AS n FROM "${table}"`).get()?.n ?? 0;
}

/**
 * An archive says that there was a job which made it, and a tree in the trash, that one put it there. Without this they would
 * go with a job whose row was lost: with them, what is pinned, and what can be undone.
 */
function replaceLostJobs(database: Database.Database): void {
  const insert = (type: string, state: string, from: string, where = "true"): void => {
    database.exec(
      `INSERT OR IGNORE INTO jobs (id, type, tenant, trigger, actor, request_json, state, created_at, finished_at)
       SELECT job_id, '${type}', tenant, 'api', 'gateway', '{}', '${state}', created_at, created_at FROM ${from}
       WHERE ${where}`,
    );
  };
  insert("backup", "succeeded", "archives");
  insert("restore", "succeeded", "trash");
  insert("restore", "interrupted", "swaps", "phase <> 'done'");
  insert("restore", "succeeded", "swaps");
}

/** Rows that refer to rows which were lost. */
function dropOrphans(database: Database.Database): void {
  for (;;) {
    const orphans = database.pragma("foreign_key_check") as {
      readonly table: string;
      readonly rowid: number;
    }[];
    if (orphans.length === 0) return;
    for (const { table, rowid } of orphans) {
      database.prepare(`DELETE FROM "${table}" WHERE rowid = ?`).run(rowid);
    }
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

async function removeAll(file: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) await rm(file + suffix, { force: true });
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
