import type { CheckLedgerOperation } from "./protocol.js";

/** Has SQLite look through the ledger, by a connection of its own. Gives what is wrong first; undefined: nothing. */
export async function checkLedger({ file }: CheckLedgerOperation): Promise<string | undefined> {
  // Loaded here: no other operation needs it in its thread.
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const [first] = database.pragma("quick_check(1)") as { readonly quick_check: string }[];
    return first?.quick_check === "ok" ? undefined : first?.quick_check;
  } finally {
    database.close();
  }
}
