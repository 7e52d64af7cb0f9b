import Database from "better-sqlite3";
import { closeSync, openSync } from "node:fs";
import { GatewayError } from "../errors.js";
import { errorText, isSystemError } from "../system-error.js";

export interface StateLock {
  release(): void;
}

/**
 * Takes the state directory for this process, for as long as it lives: an SQLite file held by BEGIN EXCLUSIVE. The
 * system drops the lock when the process dies, however it dies; a pid file would lie (in a container the old pid is
 * always alive). Throws `STATE_LOCKED` at once when another gateway, or an offline command, holds it.
 */
export function acquireStateLock(file: string): StateLock {
  let database: Database.Database | undefined;
  try {
    createOwnedOnly(file);
    database = new Database(file, { timeout: 0 });
    // Nothing is ever written: a journal file would only lie about.
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (isSystemError(error, "SQLITE_BUSY")) {
      throw new GatewayError("STATE_LOCKED", `Another gateway uses this state directory: ${file} is locked`);
    }
    throw new GatewayError("STATE_UNUSABLE", `The lock ${file} cannot be taken: ${errorText(error)}`, {
      hint: "Make the state directory writable for the gateway's user, or choose another OPENCLAW_STATE_DIR.",
      cause: error,
    });
  }
  const held = database;
  return { release: () => void held.close() };
}

/**
 * SQLite would make the file readable for everybody. Only a file that is not there is opened here (O_EXCL): closing a
 * descriptor of an existing one would drop the POSIX lock that a gateway in this very process may hold on it.
 */
function createOwnedOnly(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  }
}
