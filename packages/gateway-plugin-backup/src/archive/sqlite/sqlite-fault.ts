import Database from "better-sqlite3";
import { messageOf } from "../../system-error.js";
import type { Attempt } from "./database-files.js";

/** What the binding threw: SQLite's own errors have a code, the binding's have an empty one. */
export function sqliteFault(error: unknown): { readonly code: string; readonly reason: string } {
  return error instanceof Database.SqliteError
    ? { code: error.code, reason: error.message }
    : { code: "", reason: messageOf(error) };
}

/** How an attempt ended that SQLite, or the binding, gave up for another reason than a lock. */
export function explainSqlite(error: unknown): Attempt {
  const { code, reason } = sqliteFault(error);
  if (code === "SQLITE_FULL") return { kind: "no-room", code: "ENOSPC", reason };
  return { kind: "unreadable", reason: `SQLite says: ${reason} (${code})` };
}
