/** Puts a point before every statement that changes the ledger. */
import type DatabaseType from "better-sqlite3";
import type { Control } from "./control.js";
import { strike } from "./strike.js";
import type { AgentFault } from "./settings.js";

/** What SQLite says of a disk in this state: https://www.sqlite.org/rescode.html */
const codes: Partial<Record<AgentFault, string>> = {
  EIO: "SQLITE_IOERR_WRITE",
  ENOSPC: "SQLITE_FULL",
  EROFS: "SQLITE_READONLY",
  EMFILE: "SQLITE_CANTOPEN",
};

export async function patchLedger(control: Control): Promise<void> {
  // Only where there is a ledger: loading it costs every thread some time.
  const { default: Database } = await import("better-sqlite3");
  const probe = new Database(":memory:");
  const prototype = Object.getPrototypeOf(probe.prepare("SELECT 1")) as Pick<DatabaseType.Statement, "run">;
  probe.close();
  const original = prototype.run;
  prototype.run = function (this: DatabaseType.Statement, ...args) {
    if (this.database.name.endsWith("/ledger.sqlite")) {
      const what = `ledger ${summary(this.source)}`;
      const fault = control.pass(what);
      const code = fault === undefined ? undefined : codes[fault];
      if (code !== undefined) throw new Database.SqliteError(`planted while: ${what}`, code);
      if (fault !== undefined) void strike(fault, { syscall: "", path: "" });
    }
    return original.apply(this, args);
  };
}

/** `INSERT INTO jobs`, `UPDATE swaps`, `COMMIT`. */
function summary(sql: string): string {
  const [words = sql] = /^\s*(INSERT INTO \w+|UPDATE \w+|DELETE FROM \w+|\w+)/i.exec(sql) ?? [];
  return words.trim();
}
