/** Object lock of an archive that has just been stored, where its destination wants one. */
import type { BackupConfig } from "../config.js";
import { toBackupError } from "../errors.js";
import type { ObjectLock, WantedLock } from "../stores/object-lock.js";
import type { StoreSettings } from "../stores/settings.js";
import { destinationOf } from "./destination-of.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { JobWarning } from "./types.js";

const DAY_MS = 86_400_000;

/** Stores keep whole seconds, some of them. */
const RESOLUTION_MS = 1000;

export interface LockServices {
  readonly config: Pick<BackupConfig, "destinations">;
  readonly threads: Pick<Services["threads"], "run">;
  readonly host: { readonly clock: Services["host"]["clock"] };
}

type StoredArchive = Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket" | "key" | "etag" | "location">;

/** Empty: none is wanted. An archive without the lock that it should have is an archive all the same: that is a warning. */
export interface LockOutcome {
  readonly lock?: WantedLock;
  readonly warning?: JobWarning;
}

/** Locks an archive as its destination's `lock` says, and reads the lock back. Rejects only when `signal` is aborted. */
export async function lockArchive(
  { config, threads, host }: LockServices,
  archive: StoredArchive,
  store: StoreSettings,
  signal: AbortSignal,
): Promise<LockOutcome> {
  const { key, etag, location } = archive;
  const lock = destinationOf(config.destinations, archive)?.config.lock;
  if (lock === undefined) return {};
  const wanted = { mode: lock.mode, until: host.clock.now() + lock.days * DAY_MS };
  try {
    const found = await threads.run("lock", { store, key, etag, wanted }, { signal });
    if (isAsWanted(found, wanted)) return { lock: found };
    return notLocked(location, "the store took the request, and has no such lock afterwards");
  } catch (error) {
    signal.throwIfAborted();
    return notLocked(location, toBackupError(error, `lock ${location}`).message.replace(/\.$/, ""));
  }
}

function isAsWanted(
  found: ObjectLock | undefined,
  { mode, until }: WantedLock,
): found is ObjectLock & WantedLock {
  return found?.mode === mode && found.until !== undefined && found.until >= until - RESOLUTION_MS;
}

function notLocked(location: string, reason: string): LockOutcome {
  const message = `${location} was stored, but is not locked as its destination wants it: ${reason}.`;
  return { warning: { code: "NOT_LOCKED", message } };
}
