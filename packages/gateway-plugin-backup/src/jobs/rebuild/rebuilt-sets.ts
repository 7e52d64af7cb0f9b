/** Backups of the whole gateway whose archives a rebuild has found: told by the backup.json beside them. */
import { createHash } from "node:crypto";
import { isGatewayPart } from "../../archive/gateway-parts.js";
import { messageOf } from "../../system-error.js";
import type { StoreSettings } from "../../stores/settings.js";
import { addressOf } from "../destinations.js";
import { parseManifest } from "../gateway/set-manifest.js";
import { MANIFEST_NAME } from "../gateway/set-names.js";
import type { NewSet } from "../ledger/sets.js";
import type { Services } from "../services.js";
import type { JobContext } from "../types.js";
import type { PlacedArchive } from "./reconcile.js";

/** A set that the catalogue does not know. */
export interface FoundSet {
  readonly set: Omit<NewSet, "id">;
  readonly manifestSha256: string;
  /** Of its archives. */
  readonly locations: readonly string[];
}

type Parts = Pick<Services, "threads"> & { readonly ledger: Pick<Services["ledger"], "sets"> };

/** Reads the backup.json beside each of these archives that is a part of a gateway's backup; one that cannot be read is warned of. */
export async function findSets(
  { threads, ledger }: Parts,
  { jobId, signal, warn }: Pick<JobContext, "jobId" | "signal" | "warn">,
  archives: readonly { readonly found: PlacedArchive; readonly settings: StoreSettings }[],
): Promise<FoundSet[]> {
  const sets = new Map<string, FoundSet>();
  const known = new Set(ledger.sets.list().map(({ location }) => location));
  for (const { found, settings: store } of archives) {
    const location = beside(found.location);
    if (!isGatewayPart(found.archive.tenant) || sets.has(location) || known.has(location)) continue;
    known.add(location);
    const key = beside(found.key);
    try {
      const manifest = await threads.run("readManifest", { store, key }, { signal });
      if (manifest === undefined) continue;
      const { kind, uid, createdAt, parts } = parseManifest(manifest.text, location);
      // Another gateway's must neither be pruned here nor be taken for this one's backup.
      if (uid !== ledger.sets.uid) continue;
      sets.set(location, {
        set: { jobId, kind, location, store: addressOf(store), key, createdAt: Date.parse(createdAt) },
        manifestSha256: createHash("sha256").update(manifest.text).digest("hex"),
        locations: parts.map((part) => besideNamed(location, part.key)),
      });
    } catch (error) {
      signal.throwIfAborted();
      warn({ code: "SET_UNREADABLE", message: messageOf(error) });
    }
  }
  return [...sets.values()];
}

/** Lists the sets all of whose archives the catalogue has. Call it in a transaction. */
export function listSets(
  { ledger, ids }: Pick<Services, "ids"> & { readonly ledger: Pick<Services["ledger"], "archives" | "sets"> },
  sets: readonly FoundSet[],
): void {
  for (const { set, manifestSha256, locations } of sets) {
    const archives = locations.map((location) => ledger.archives.atLocation(location)[0]);
    const there = archives.filter((archive) => archive !== undefined);
    if (there.length < archives.length) continue;
    const id = ids.next("s");
    ledger.sets.begin({ ...set, id });
    for (const archive of there) ledger.archives.setSet(archive.id, id);
    ledger.sets.complete(id, manifestSha256);
  }
}

function beside(path: string): string {
  return besideNamed(path, MANIFEST_NAME);
}

function besideNamed(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1) + name;
}
