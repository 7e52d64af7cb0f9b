/**
 * Removing a whole set. backup.json goes first, so that what is left of a removal that is cut off is an incomplete set, and
 * none that claims to be whole; the ledger's mark says that the rest is to go, too.
 */
import { BackupError } from "../../errors.js";
import type { StoreSettings } from "../../stores/settings.js";
import type { SetRecord } from "../ledger/sets.js";
import { removeArchives, type Removal, type RemovalServices } from "../removal.js";
import type { Services } from "../services.js";

export type SetRemovalServices = RemovalServices & {
  readonly ledger: Pick<Services["ledger"], "archives" | "sets" | "transaction">;
};

/** Removes a set that is complete. Rejects with what keeps the store from it; the next start then goes on. */
export async function removeSet(
  services: SetRemovalServices,
  set: SetRecord,
  settings: StoreSettings,
  signal: AbortSignal,
): Promise<void> {
  services.ledger.sets.beginRemoval(set.id);
  await finishRemoval(services, set, settings, signal);
}

/** Goes on with a removal that has begun. */
export async function finishRemoval(
  services: SetRemovalServices,
  set: SetRecord,
  store: StoreSettings,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, threads } = services;
  const { key, manifestSha256: sha256 } = set;
  if (sha256 !== undefined) await threads.run("removeManifest", { store, key, sha256 }, { signal });
  const archives = ledger.archives.ofSet(set.id);
  const removals = await removeArchives(services, store, archives, signal);
  const left = removals.filter(({ outcome }) => !GONE.includes(outcome));
  const [first] = left;
  if (first !== undefined) throw notRemoved(first);
  ledger.transaction(() => {
    // Where another object has taken an archive's place, there is nothing of ours to remove.
    for (const { archive, outcome } of removals)
      if (outcome === "other") ledger.archives.endRemoval(archive.id);
    ledger.sets.endRemoval(set.id);
  });
}

const GONE: readonly Removal["outcome"][] = ["removed", "gone", "other"];

function notRemoved(removal: Removal): BackupError {
  if (removal.outcome === "failed") return removal.error;
  const { location } = removal.archive;
  const reason = removal.outcome === "locked" ? removal.reason : removal.outcome;
  return new BackupError("ARCHIVE_PROTECTED", `${location} was not removed: ${reason}.`);
}
