/** Checks a finished copy of a database. For the helper process only: see `helper.ts`. */
import Database from "better-sqlite3";
import type { Attempt } from "./database-files.js";
import { sqliteCode } from "./connection.js";

/**
 * Rolls back the journal or applies the WAL that was copied along, if there is one, and lets SQLite check the structure of
 * every page. What the database says of itself runs no code here, and whether its rows satisfy their CHECK constraints is
 * the tenant's affair.
 */
export function checkCopy(copy: string): Attempt {
  let connection: Database.Database | undefined;
  try {
    connection = new Database(copy, { fileMustExist: true });
    connection.pragma("trusted_schema = OFF");
    connection.pragma("cell_size_check = ON");
    connection.pragma("ignore_check_constraints = ON");
    connection.pragma("wal_checkpoint(TRUNCATE)");
    const finding = check(connection);
    return finding === undefined
      ? { kind: "copied" }
      : { kind: "unreadable", reason: `it is damaged: ${oneLine(finding)}` };
  } catch (error) {
    const code = sqliteCode(error);
    const reason = error instanceof Error ? error.message : String(error);
    if (code === "SQLITE_FULL") return { kind: "no-room", code: "ENOSPC", reason };
    return { kind: "unreadable", reason: `SQLite says: ${reason} (${code})` };
  } finally {
    connection?.close();
  }
}

/** What is wrong; undefined when nothing is. */
function check(connection: Database.Database): string | undefined {
  try {
    return quickCheck(connection, "1");
  } catch (error) {
    if (!isUnknownToSqlite(error)) throw error;
  }
  const tables = connection.prepare<[], string>(TABLES).pluck().all();
  for (const table of tables) {
    const finding = checkTable(connection, `"${table.replaceAll('"', '""')}"`);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

/** Of tables that have pages of their own. */
const TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";

function checkTable(connection: Database.Database, table: string): string | undefined {
  try {
    return quickCheck(connection, table);
  } catch (error) {
    if (!isUnknownToSqlite(error)) throw error;
    // At least every page with rows is visited.
    connection.prepare(`SELECT count(*) FROM ${table} NOT INDEXED`).get();
    return undefined;
  }
}

function quickCheck(connection: Database.Database, argument: string): string | undefined {
  const finding: unknown = connection.pragma(`quick_check(${argument})`, { simple: true });
  return finding === "ok" ? undefined : String(finding);
}

/**
 * The schema needs a collation, function or module that only the program has which made it. SQLite then checks nothing at
 * all, though the pages may be as sound as any; so the rest is checked table by table.
 */
function isUnknownToSqlite(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === "SQLITE_ERROR" || code === "SQLITE_ERROR_MISSING_COLLSEQ";
}

/** `*** in database main ***`, then what was found, on lines of their own. */
function oneLine(finding: string): string {
  return finding
    .replace(/^\*\*\*.*?\*\*\*/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
