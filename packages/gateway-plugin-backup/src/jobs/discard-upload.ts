import { BackupError } from "../errors.js";
import type { Destinations } from "./destinations.js";
import type { UploadLeftover } from "./leftovers.js";
import type { JobThreads } from "./thread/pool.js";

/**
 * Ends an upload that a job left unfinished, with the credentials that config and environment give today. Rejects with
 * the reason when it cannot be ended; the ledger then keeps it.
 */
export async function discardUpload(
  services: { readonly threads: JobThreads; readonly destinations: Destinations },
  { store: address, leftover }: UploadLeftover,
  signal: AbortSignal,
): Promise<void> {
  const key = leftover.kind === "partial-file" ? leftover.path : leftover.key;
  const store = services.destinations.remembered(address, key);
  if (store === undefined) {
    throw new BackupError(
      "CREDENTIALS_MISSING",
      `The unfinished upload of ${key} cannot be ended: the gateway has no settings for its store any more.`,
      {
        hint: "Configure the store as a destination, or let the bucket's lifecycle rule abort unfinished uploads.",
      },
    );
  }
  await services.threads.run("discard", { store, leftover }, { signal });
}
