import Database from "better-sqlite3";
import { BackupError, type BackupErrorCode } from "../../errors.js";

/** Named parameters of a statement; SQLite has no booleans, and no undefined. */
export type Parameters = Readonly<Record<string, string | number | null>>;

/** Of a statement that takes none: `{}`. */
export type NoParameters = Readonly<Record<string, never>>;

/** A prepared statement whose failures are the plugin's own errors. */
export class Statement<P extends Parameters, Row = never> {
  readonly #statement: Database.Statement<[P], Row>;

  constructor(database: Database.Database, sql: string) {
    this.#statement = database.prepare<[P], Row>(sql);
  }

  /** Returns the number of rows that changed. */
  run(parameters: P): number {
    return guard(() => this.#statement.run(parameters).changes);
  }

  get(parameters: P): Row | undefined {
    return guard(() => this.#statement.get(parameters));
  }

  all(parameters: P): Row[] {
    return guard(() => this.#statement.all(parameters));
  }
}

/** Runs `work` and turns what SQLite throws into `DISK_FULL`, `READ_ONLY` or `LEDGER_UNUSABLE`. */
export function guard<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Database.SqliteError) throw ledgerError(error);
    throw error;
  }
}

function ledgerError(error: InstanceType<typeof Database.SqliteError>): BackupError {
  return new BackupError(errorCode(error.code), `The backup ledger cannot be used: ${error.message}`, {
    cause: error,
  });
}

/** https://www.sqlite.org/rescode.html; extended codes begin with the primary one. */
function errorCode(sqliteCode: string): BackupErrorCode {
  if (sqliteCode.startsWith("SQLITE_FULL")) return "DISK_FULL";
  if (sqliteCode.startsWith("SQLITE_READONLY")) return "READ_ONLY";
  return "LEDGER_UNUSABLE";
}
