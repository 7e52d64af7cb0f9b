import type { NewArchive } from "../ledger/archives.js";
import type { NewSet } from "../ledger/sets.js";
import type { Services } from "../services.js";
import type { WantedLock } from "../../stores/object-lock.js";

export interface CompleteSet {
  readonly archives: readonly NewArchive[];
  /** Of backup.json's text. */
  readonly manifestSha256: string;
  /** By the archive's id. */
  readonly locks?: ReadonlyMap<string, WantedLock | undefined>;
}

/**
 * Puts a complete set into the catalogue. What the catalogue had in its place, the gateway's last pre-delete set, is
 * marked as deleted. Call it in a transaction.
 */
export function recordSet(
  { ledger }: { readonly ledger: Pick<Services["ledger"], "archives" | "sets"> },
  set: Pick<NewSet, "id" | "location" | "key">,
  { archives, manifestSha256, locks }: CompleteSet,
): void {
  for (const former of ledger.sets.list()) {
    if (former.id === set.id || former.location !== set.location || former.key !== set.key) continue;
    for (const { id } of ledger.archives.ofSet(former.id)) ledger.archives.endRemoval(id);
    ledger.sets.endRemoval(former.id);
  }
  for (const archive of archives) {
    ledger.archives.add(archive);
    const lock = locks?.get(archive.id);
    if (lock !== undefined) ledger.archives.setLock(archive.id, lock);
  }
  ledger.sets.complete(set.id, manifestSha256);
}
