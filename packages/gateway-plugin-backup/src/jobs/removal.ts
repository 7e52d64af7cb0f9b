/**
 * Removing archives so that a crash at any point leaves catalogue and store to be brought together again.
 *
 * An archive is first marked in the ledger as going (`removing_at`), then the store is asked, then the mark becomes
 * `deleted`. What is marked when the gateway starts is settled: an object that is gone is noted as deleted; one that is
 * there, and still ours, is removed. The removal goes on, and is not taken back, because every check had been made
 * before the mark, and because a store that was asked may still carry it out: an archive that was declared good
 * again could vanish a moment later. Where the store cannot be reached the mark stays, to be settled at the next start or
 * by the tenant's next prune.
 */
import { archiveLimits } from "../config.js";
import { BackupError, deserializeError, toBackupError, type BackupErrorCode } from "../errors.js";
import type { S3Options } from "./destinations.js";
import { identityOf, type ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { RemoveOutcome } from "./thread/protocol.js";
import type { StoreSettings } from "../stores/settings.js";

export interface RemovalServices extends Pick<Services, "archivesInUse" | "config"> {
  readonly ledger: Pick<Services["ledger"], "archives" | "transaction">;
  readonly destinations: Pick<Services["destinations"], "remembered">;
  readonly threads: Pick<Services["threads"], "run">;
  readonly host: Pick<Services["host"], "clock" | "log">;
}

/** `busy`: a job uses it, or removes it already. `trashed`: see `archive-trash.ts`. The others as in `RemoveOutcome`. */
export type Removal = { readonly archive: ArchiveRecord } & (
  | { readonly outcome: "removed" | "gone" | "untouched" | "busy" | "pinned" }
  | { readonly outcome: "trashed"; readonly until: number }
  | { readonly outcome: "other" | "locked"; readonly reason: string }
  | { readonly outcome: "failed"; readonly error: BackupError }
);

/** After these nobody knows whether the store has removed the object, or will. */
const UNCERTAIN: readonly BackupErrorCode[] = ["STORE_UNREACHABLE", "STORE_FAILED", "IO_FAILED"];

/** Archives that are marked, removed and noted in one go. */
export const BATCH = 32;

/**
 * The settings that lead to an archive's store today. Throws `CREDENTIALS_MISSING` when config, environment and the
 * request's flags lead elsewhere.
 */
export function storeOf(
  { destinations }: RemovalServices,
  archive: ArchiveRecord,
  s3: S3Options,
): StoreSettings {
  const { storeKind, bucket, endpoint, key, location } = archive;
  const settings = destinations.remembered(
    storeKind === "local"
      ? { kind: "local" }
      : { kind: "s3", bucket, ...(endpoint === "" ? {} : { endpoint }) },
    key,
    s3,
  );
  if (settings !== undefined) return settings;
  throw new BackupError(
    "CREDENTIALS_MISSING",
    `The gateway has no settings for the store of ${location}${endpoint === "" ? "" : ` (${endpoint})`}.`,
    { hint: "Configure the store as a destination, or give its --endpoint, --access-key and --secret-key." },
  );
}

/**
 * Removes archives of one store, at most {@link BATCH}. Each is removed only if it is not pinned, no job uses it, and the
 * store has exactly what the catalogue says. Rejects when the thread dies, or the ledger fails; what was begun is then still marked.
 */
export async function removeArchives(
  services: RemovalServices,
  store: StoreSettings,
  archives: readonly ArchiveRecord[],
  signal: AbortSignal,
): Promise<Removal[]> {
  const { archivesInUse, ledger } = services;
  const refused: Removal[] = [];
  const reserved: { readonly archive: ArchiveRecord; readonly release: () => void }[] = [];
  // Up to the marks in the ledger nothing here waits: nobody can pin an archive, or begin to read it, in between.
  for (const archive of archives) {
    const { id, key, location } = archive;
    const isPinned = ledger.archives.get(id)?.pinnedAt !== undefined;
    const release = isPinned
      ? undefined
      : archivesInUse.reserveForRemoval({ settings: store, key, location });
    if (release === undefined) refused.push({ archive, outcome: isPinned ? "pinned" : "busy" });
    else reserved.push({ archive, release });
  }
  try {
    const removals = await removeReserved(
      services,
      store,
      reserved.map(({ archive }) => archive),
      signal,
    );
    return [...refused, ...removals];
  } finally {
    for (const { release } of reserved) release();
  }
}

async function removeReserved(
  services: RemovalServices,
  store: StoreSettings,
  archives: readonly ArchiveRecord[],
  signal: AbortSignal,
): Promise<Removal[]> {
  if (archives.length === 0) return [];
  const { ledger, host, threads, config } = services;
  ledger.transaction(() => {
    for (const { id } of archives) ledger.archives.beginRemoval(id, host.clock.now());
  });
  const outcomes = await threads.run(
    "remove",
    {
      store,
      limits: archiveLimits(config),
      archives: archives.map((archive) => {
        const { key, size, etag, state } = archive;
        return { key, size, etag, ...identityOf(archive), damaged: state === "damaged" };
      }),
    },
    { signal },
  );
  const removals = archives.flatMap((archive, position) => {
    const outcome = outcomes[position];
    return outcome === undefined ? [] : [removal(archive, outcome)];
  });
  ledger.transaction(() => {
    for (const { archive, mark } of removals) note(services, archive, mark);
  });
  return removals.map(({ result }) => result);
}

/** What is to become of the mark in the ledger. */
type Mark = "deleted" | "lost" | "taken back" | "stays";

function removal(
  archive: ArchiveRecord,
  outcome: RemoveOutcome,
): { readonly archive: ArchiveRecord; readonly result: Removal; readonly mark: Mark } {
  // Of a removal that an earlier run began nobody knows how far it got.
  const notBegun: Mark = archive.removingAt === undefined ? "taken back" : "stays";
  switch (outcome.outcome) {
    case "removed":
    case "gone":
      return { archive, result: { archive, outcome: outcome.outcome }, mark: "deleted" };
    case "untouched":
      return { archive, result: { archive, outcome: "untouched" }, mark: notBegun };
    case "locked":
      return { archive, result: { archive, ...outcome }, mark: "taken back" };
    case "other":
      return { archive, result: { archive, ...outcome }, mark: "lost" };
    case "failed": {
      const error = deserializeError(outcome.error);
      const uncertain = outcome.asked && UNCERTAIN.includes(error.code);
      return { archive, result: { archive, outcome: "failed", error }, mark: uncertain ? "stays" : notBegun };
    }
  }
}

function note({ ledger, host }: RemovalServices, { id }: ArchiveRecord, mark: Mark): void {
  if (mark === "stays") return;
  if (mark === "deleted") ledger.archives.endRemoval(id);
  else ledger.archives.giveUpRemoval(id);
  if (mark === "lost") ledger.archives.setLost(id, host.clock.now());
}

/** Settles every removal that was begun and not ended. Never rejects. */
export async function settleAllRemovals(services: RemovalServices, signal: AbortSignal): Promise<void> {
  try {
    await settleRemovals(services, services.ledger.archives.removing(), signal);
  } catch (error) {
    const problem = toBackupError(error, "settle removals that were cut off").message;
    services.host.log.error({ problem }, "Removals that were cut off could not be looked after.");
  }
}

/** Settles the removals of those of the archives that are marked, as far as their stores let it. */
export async function settleRemovals(
  services: RemovalServices,
  archives: readonly ArchiveRecord[],
  signal: AbortSignal,
  s3: S3Options = {},
): Promise<void> {
  for (const archive of archives.filter(({ removingAt }) => removingAt !== undefined)) {
    if (signal.aborted) return;
    const fields = { archive: archive.id, tenant: archive.tenant, location: archive.location };
    try {
      const [settled] = await removeArchives(services, storeOf(services, archive, s3), [archive], signal);
      if (settled?.outcome === "failed") throw settled.error;
      services.host.log.info(
        { ...fields, outcome: settled?.outcome },
        "A removal that was cut off was taken up.",
      );
    } catch (error) {
      const { code, message } = toBackupError(error, `remove ${archive.location}`);
      services.host.log.warn(
        { ...fields, code, problem: message },
        "A removal that was cut off cannot be settled now.",
      );
    }
  }
}
