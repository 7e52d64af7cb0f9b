/** Checks a finished copy of a database. For the helper process only: see `helper.ts`. */
import Database from "better-sqlite3";
import type { Attempt } from "./database-files.js";
import { sqliteCode } from "./connection.js";

/**
 * Applies the WAL that was copied along, if there is one, and lets SQLite check the structure of every page. What the
 * database says of itself runs no code here, and whether its rows satisfy their CHECK constraints is the tenant's affair.
 */
export function checkCopy(copy: string): Attempt {
  let connection: Database.Database | undefined;
  try {
    connection = new Database(copy, { fileMustExist: true });
    connection.pragma("trusted_schema = OFF");
    connection.pragma("cell_size_check = ON");
    connection.pragma("ignore_check_constraints = ON");
    connection.pragma("wal_checkpoint(TRUNCATE)");
    const finding: unknown = connection.pragma("quick_check(1)", { simple: true });
    if (finding !== "ok") return { kind: "unreadable", reason: `it is damaged: ${oneLine(String(finding))}` };
    return { kind: "copied" };
  } catch (error) {
    const code = sqliteCode(error);
    const reason = error instanceof Error ? error.message : String(error);
    // The schema needs a collation or module that is not there; the pages were copied all the same.
    if (code === "SQLITE_ERROR") return { kind: "copied" };
    if (code === "SQLITE_FULL") return { kind: "no-room", code: "ENOSPC", reason };
    return { kind: "unreadable", reason: `SQLite says: ${reason} (${code})` };
  } finally {
    connection?.close();
  }
}

/** `*** in database main ***`, then what was found, on lines of their own. */
function oneLine(finding: string): string {
  return finding
    .replace(/^\*\*\*.*?\*\*\*/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
