import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { BackupError, serializeError, toBackupError } from "../../errors.js";
import { AlertConditionsTable } from "./alert-conditions.js";
import { AlertDeliveriesTable } from "./alert-deliveries.js";
import { AlertExpectationsTable } from "./alert-expectations.js";
import { ArchivesTable } from "./archives.js";
import { ChecksTable } from "./checks.js";
import { CompletionsTable } from "./completions.js";
import { JobsTable } from "./jobs.js";
import { LeftoversTable } from "./leftovers.js";
import { migrate } from "./migrate.js";
import { RebuiltArchives } from "./rebuilt-archives.js";
import { SetsTable } from "./sets.js";
import { Standings } from "./standings.js";
import { guard } from "./statement.js";
import { SwapsTable } from "./swaps.js";
import { TrashTable } from "./trash.js";

/** Another process that holds the ledger is reading it (a copy, a doctor) and is done soon. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * The job ledger and catalogue: `backup/ledger.sqlite`. It is used on the gateway's main thread, so every call is one or
 * a few small statements; progress is never written. A call that returned is on disk (synchronous=FULL).
 *
 * Every method throws `LEDGER_UNUSABLE`, `DISK_FULL` or `READ_ONLY` when the database fails.
 */
export class Ledger {
  readonly jobs: JobsTable;
  readonly leftovers: LeftoversTable;
  readonly archives: ArchivesTable;
  readonly rebuilt: RebuiltArchives;
  readonly sets: SetsTable;
  readonly standings: Standings;
  readonly checks: ChecksTable;
  readonly completions: CompletionsTable;
  readonly swaps: SwapsTable;
  readonly trash: TrashTable;
  readonly conditions: AlertConditionsTable;
  readonly deliveries: AlertDeliveriesTable;
  readonly expectations: AlertExpectationsTable;
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
    this.jobs = new JobsTable(database);
    this.leftovers = new LeftoversTable(database);
    this.archives = new ArchivesTable(database);
    this.rebuilt = new RebuiltArchives(database);
    this.sets = new SetsTable(database);
    this.standings = new Standings(database);
    this.checks = new ChecksTable(database);
    this.completions = new CompletionsTable(database);
    this.swaps = new SwapsTable(database);
    this.trash = new TrashTable(database);
    this.conditions = new AlertConditionsTable(database);
    this.deliveries = new AlertDeliveriesTable(database);
    this.expectations = new AlertExpectationsTable(database);
  }

  /** Opens the ledger at `file`, or makes it (0600, its directory 0700), and migrates it to this program's version. */
  static open(file: string): Ledger {
    const database = openDatabase(file);
    try {
      guard(() => {
        // WAL: readers such as a copy of the ledger do not hold up the gateway's writes.
        database.pragma("journal_mode = WAL");
        database.pragma("synchronous = FULL");
        migrate(database);
      });
      return new Ledger(database);
    } catch (error) {
      database.close();
      throw asUnusable(error, file);
    }
  }

  /** Runs `work` in one transaction: all of its changes stand, or, when it throws, none. May be nested. */
  transaction<T>(work: () => T): T {
    return guard(() => this.#database.transaction(work).immediate());
  }

  /**
   * Copies the ledger as it is into `file`, a new one of mode 0600, though it is being written to. The event loop is let in
   * between a hundred pages and the next; what is committed meanwhile is in the copy, too.
   */
  async copyTo(file: string): Promise<void> {
    try {
      closeSync(openSync(file, "wx", 0o600));
      await this.#database.backup(file);
    } catch (error) {
      throw toBackupError(error, `copy the backup ledger to ${file}`);
    }
  }

  close(): void {
    this.#database.close();
  }
}

function openDatabase(file: string): Database.Database {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives -wal and -shm the mode of the database, so the mode must be right before they are made.
    closeSync(openSync(file, "a", 0o600));
    chmodSync(file, 0o600);
    return guard(() => new Database(file, { timeout: BUSY_TIMEOUT_MS }));
  } catch (error) {
    throw asUnusable(error, file);
  }
}

function asUnusable(error: unknown, file: string): BackupError {
  const cause = toBackupError(error, `open the backup ledger ${file}`);
  if (cause.code !== "LEDGER_UNUSABLE") return cause;
  return new BackupError(cause.code, `${cause.message} (${file})`, { ...serializeError(cause), cause });
}
