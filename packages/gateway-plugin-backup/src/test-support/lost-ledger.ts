import { join } from "node:path";
import Database from "better-sqlite3";
import type { Services } from "../jobs/services.js";

/** Empties the catalogue behind the gateway's back, as if the ledger had been lost and made anew. */
export function loseCatalogue({ host }: Pick<Services, "host">): void {
  const ledger = new Database(join(host.paths.backup, "ledger.sqlite"), { timeout: 5000 });
  try {
    ledger.prepare("DELETE FROM archives").run();
  } finally {
    ledger.close();
  }
}
