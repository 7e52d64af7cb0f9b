/** Copies a database through an SQLite connection. For the helper process only: see `helper.ts`. */
import Database from "better-sqlite3";
import { fstatSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { nameIn, statIn } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { systemCode, systemReason } from "../../system-error.js";
import type { Attempt, DatabaseFiles } from "./database-files.js";
import { COMPANION_SUFFIXES, inodeOf } from "./protocol.js";
import { explainSqlite, sqliteFault } from "./sqlite-fault.js";

/** More pages than a database can have in the 32 bits that the binding takes: everything in one step. */
const ALL_PAGES = 0x7fffffff;

/** SQLite cannot read the database without making good first what a crash left. */
export interface NotWhereItLies {
  readonly kind: "not-where-it-lies";
  readonly reason: string;
}

/**
 * Copies the database to the empty file `copy`. SQLite waits up to `waitMs` for a lock.
 *
 * The connection is a read-only one. A writing one would roll back a hot journal, and a journal can name a file that
 * SQLite then deletes, wherever it lies: whoever may write beside the database could have anything deleted. If the last
 * program closes a database in WAL mode just before this connection opens it, an empty `-wal` and a `-shm` stay behind, as
 * any reader that dies leaves them; the next program to open the database removes them.
 *
 * SQLite opens by path. It gets one through a link in the copy's directory that leads by way of the handle of the
 * database's directory: that carries names which are no text, and starts from where the walk is. SQLite then resolves it
 * to a path and opens that, so a directory swapped in between could lead elsewhere; therefore nothing is read before it
 * is certain that every file the connection has opened is one of the files meant.
 */
export async function copyThroughConnection(
  files: DatabaseFiles,
  copy: string,
  waitMs: number,
): Promise<Attempt | NotWhereItLies> {
  const link = `${copy}.source`;
  const unmade = noRoomFor(() => symlinkSync(nameIn(files.directory, files.name), link));
  if (unmade !== undefined) return unmade;
  const attempt = await backUp(files, link, copy, waitMs).catch(explain);
  return noRoomFor(() => rmSync(link)) ?? attempt;
}

/** Works on the directory for copies: what fails there is not the database's fault. */
function noRoomFor(work: () => void): Attempt | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return { kind: "no-room", code: systemCode(error), reason: systemReason(error) };
  }
}

async function backUp(
  files: DatabaseFiles,
  link: string,
  copy: string,
  waitMs: number,
): Promise<Attempt | NotWhereItLies> {
  const connection = openForReading(files, link, waitMs);
  if (connection === undefined) return { kind: "again", reason: "its directory keeps being replaced" };
  try {
    // The binding takes a lock that is refused in its first, empty step for an empty database; the transaction that is
    // open already makes that impossible.
    const { totalPages } = await connection.backup(copy, { progress: () => ALL_PAGES });
    return totalPages > 0 ? { kind: "copied" } : { kind: "unreadable", reason: "it has no pages" };
  } finally {
    connection.close();
  }
}

/** A connection inside a read transaction; undefined when it did not open the file that is meant. */
function openForReading(files: DatabaseFiles, link: string, waitMs: number): Database.Database | undefined {
  const openBefore = new Set(openFiles().keys());
  const connection = new Database(link, { readonly: true, fileMustExist: true, timeout: waitMs });
  try {
    // The first read opens the files and takes the lock; it does not look at the schema, which may be of any kind.
    connection.exec("BEGIN");
    connection.pragma("schema_version");
    if (openedOnly(files, openBefore)) return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  return undefined;
}

/** Whether the files opened since are the database, which must be among them, and files beside it. */
function openedOnly(files: DatabaseFiles, openBefore: ReadonlySet<string>): boolean {
  const companions = COMPANION_SUFFIXES.map((suffix) => identity(statBeside(files, suffix)));
  const opened = [...openFiles()].filter(([handle]) => !openBefore.has(handle)).map(([, file]) => file);
  const main = identity(files.main);
  return opened.includes(main) && opened.every((file) => file === main || companions.includes(file));
}

function statBeside({ directory, name }: DatabaseFiles, suffix: string): BigIntStats | undefined {
  return statIn(directory, `${name}${suffix}` as RawPath);
}

/** Handles of this process, and the files they are open for. */
function openFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const handle of readdirSync("/proc/self/fd")) {
    try {
      files.set(handle, identity(fstatSync(Number(handle), { bigint: true })));
    } catch {
      // The handle that listed the directory is closed by now.
    }
  }
  return files;
}

function identity(stats: BigIntStats | undefined): string {
  return stats === undefined ? "" : inodeOf(stats);
}

function explain(error: unknown): Attempt | NotWhereItLies {
  const { code } = sqliteFault(error);
  if (code.startsWith("SQLITE_BUSY") || code === "SQLITE_LOCKED" || code === "SQLITE_PROTOCOL")
    return { kind: "again", reason: "a program keeps it locked" };
  // A hot journal, or a WAL index that only a writing connection may make good.
  if (code.startsWith("SQLITE_READONLY"))
    return { kind: "not-where-it-lies", reason: "a crash left it in the middle of a commit" };
  return explainSqlite(error);
}
