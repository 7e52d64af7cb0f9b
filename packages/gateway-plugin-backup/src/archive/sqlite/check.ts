/** Checks a finished copy of a database. For the helper process only: see `helper.ts`. */
import Database from "better-sqlite3";
import type { Attempt } from "./database-files.js";
import type { CopyCheck } from "./protocol.js";
import { explainSqlite, sqliteFault } from "./sqlite-fault.js";

/**
 * Rolls back the journal or applies the WAL that was copied along, if there is one, and lets SQLite check the structure of
 * every page. What the database says of itself runs no code here, and whether its rows satisfy their CHECK constraints is
 * the tenant's affair.
 */
export function checkCopy(copy: string, how: CopyCheck = "quick"): Attempt {
  try {
    const finding = findingIn(copy, how);
    return finding === undefined
      ? { kind: "copied" }
      : { kind: "unreadable", reason: `it is damaged: ${oneLine(finding)}` };
  } catch (error) {
    return explainSqlite(error);
  }
}

function findingIn(copy: string, how: CopyCheck): string | undefined {
  const connection = new Database(copy, { fileMustExist: true });
  try {
    connection.pragma("trusted_schema = OFF");
    connection.pragma("cell_size_check = ON");
    connection.pragma("ignore_check_constraints = ON");
    connection.pragma("wal_checkpoint(TRUNCATE)");
    return check(connection, how);
  } finally {
    connection.close();
  }
}

/** What is wrong; undefined when nothing is. */
function check(connection: Database.Database, how: CopyCheck): string | undefined {
  const found = sqliteCheck(connection, how, "1");
  if (found !== IMPOSSIBLE) return found;
  const tables = connection.prepare<[], string>(TABLES).pluck().all();
  for (const table of tables) {
    const finding = checkTable(connection, how, `"${table.replaceAll('"', '""')}"`);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

/** Of tables that have pages of their own. */
const TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";

function checkTable(connection: Database.Database, how: CopyCheck, table: string): string | undefined {
  const found = sqliteCheck(connection, how, table);
  if (found !== IMPOSSIBLE) return found;
  // At least every page with rows is visited.
  connection.prepare(`SELECT count(*) FROM ${table} NOT INDEXED`).get();
  return undefined;
}

/**
 * The schema needs a collation, function or module that only the program has which made it. SQLite then checks nothing at
 * all, though the pages may be as sound as any; so the rest is checked table by table.
 */
const IMPOSSIBLE = Symbol("a check that is impossible");

function sqliteCheck(
  connection: Database.Database,
  how: CopyCheck,
  argument: string,
): string | typeof IMPOSSIBLE | undefined {
  try {
    const finding: unknown = connection.pragma(`${how}_check(${argument})`, { simple: true });
    return finding === "ok" ? undefined : String(finding);
  } catch (error) {
    const { code } = sqliteFault(error);
    if (code !== "SQLITE_ERROR" && code !== "SQLITE_ERROR_MISSING_COLLSEQ") throw error;
    return IMPOSSIBLE;
  }
}

/** `*** in database main ***`, then what was found, on lines of their own. */
function oneLine(finding: string): string {
  return finding
    .replace(/^\*\*\*.*?\*\*\*/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
