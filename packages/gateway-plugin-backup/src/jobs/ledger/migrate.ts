import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type Database from "better-sqlite3";
import { BackupError } from "../../errors.js";

/** The numbered files that ship with the package. */
const MIGRATIONS = fileURLToPath(new URL("../../../migrations/", import.meta.url));
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

interface Migration {
  readonly number: number;
  readonly name: string;
}

/**
 * Brings a ledger to this program's version: applies, in order, the migrations that it does not have yet, all in one
 * transaction, and switches foreign keys on. Throws `LEDGER_UNUSABLE` for a ledger that a newer program has migrated further.
 *
 * @param directory Where the numbered SQL files are; replaced in tests only.
 */
export function migrate(database: Database.Database, directory: string = MIGRATIONS): void {
  const migrations = listMigrations(directory);
  // A migration may have to make a table anew that others refer to, and a transaction cannot switch this off
  // (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
  database.pragma("foreign_keys = OFF");
  database
    .transaction(() => {
      database.exec(
        "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
      );
      const applied = database.prepare<[], Migration>("SELECT number, name FROM schema_migrations").all();
      const version = newest(applied);
      refuseNewer(version, newest(migrations));
      const record = database.prepare<Migration>(
        "INSERT INTO schema_migrations (number, name) VALUES (@number, @name)",
      );
      const missing = migrations.filter(({ number }) => number > version);
      for (const migration of missing) {
        database.exec(readFileSync(path.join(directory, migration.name), "utf8"));
        record.run(migration);
      }
      if (missing.length > 0) refuseBrokenReferences(database);
    })
    .immediate();
  database.pragma("foreign_keys = ON");
}

function refuseBrokenReferences(database: Database.Database): void {
  const [broken] = database.pragma("foreign_key_check") as { readonly table: string }[];
  if (broken === undefined) return;
  throw new BackupError(
    "LEDGER_UNUSABLE",
    `The backup ledger cannot be migrated: table ${broken.table} refers to rows that are not there.`,
  );
}

function listMigrations(directory: string): Migration[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const match = FILE_NAME.exec(name);
      return match === null ? [] : [{ number: Number(match[1]), name }];
    });
}

function newest(migrations: readonly Migration[]): number {
  return Math.max(0, ...migrations.map(({ number }) => number));
}

function refuseNewer(version: number, known: number): void {
  if (version <= known) return;
  throw new BackupError(
    "LEDGER_UNUSABLE",
    `The backup ledger has schema version ${version}; this gateway knows versions up to ${known}.`,
    { hint: "Run the gateway version that wrote the ledger, or a newer one." },
  );
}
