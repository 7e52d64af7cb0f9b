/** What happens when the gateway starts, before it serves, and what is looked after while it runs. */
import { join } from "node:path";
import { endOf } from "./alerts/watch.js";
import { emptyTrash } from "./archive-trash.js";
import { auditEnd } from "./audit.js";
import { sweepFacts } from "./facts-files.js";
import { expirePlans } from "./plans.js";
import { BackupError, toBackupError } from "../errors.js";
import { purgeReplacedState } from "./replaced-state.js";
import { recover, removeStale } from "./recovery.js";
import { settleAllRemovals } from "./removal.js";
import type { Services } from "./services.js";
import { systemTimer, type Timer } from "./timer.js";
import { UnfinishedUploads } from "./unfinished-uploads.js";

/** Trash expires by the hour, and a store that was down is back in minutes or hours; looking more often gains nothing. */
const INTERVAL_MS = 600_000;

export interface Housekeeping {
  /** Resolves when what is at work has ended. */
  stop(): Promise<void>;
}

/**
 * Settles what a crash cut off: every tenant is whole, every job has an end when this resolves. What takes long (removing
 * trees, ending uploads) goes on in the background.
 */
export async function startUp(services: Services, timer: Timer = systemTimer): Promise<Housekeeping> {
  const { host, ledger, swap, trash } = services;
  const { settlements, jobs, stale } = await recover({
    ledger,
    swap,
    clock: host.clock,
    log: host.log,
    paths: {
      staging: host.paths.staging,
      trash: host.paths.trash,
      temporary: join(host.paths.backup, "tmp"),
    },
  });
  for (const { tenant } of settlements) await readAgain(services, tenant);
  // Nobody could be told when the process died.
  for (const event of jobs.flatMap(endOf)) services.alerts.raise(event);
  for (const job of jobs) auditEnd(host.audit, job);
  await sweepFacts(services);
  await makeSigningKey(services);

  const stopped = new AbortController();
  const expire = (): Promise<void> =>
    trash
      .purge()
      .then(() => expirePlans(host))
      .then(() => purgeReplacedState(services))
      .then(() => emptyTrash(services, stopped.signal));
  const uploads = new UnfinishedUploads(services, timer);
  void uploads.lookAfter();
  let work = removeStale(stale, host.log)
    .then(() => settleAllRemovals(services, stopped.signal))
    .then(expire);
  const lookAgainLater = (): (() => void) =>
    timer(INTERVAL_MS, () => {
      void uploads.lookAfter();
      work = work.then(expire);
      cancelTimer = lookAgainLater();
    });
  let cancelTimer = lookAgainLater();
  return {
    stop: async () => {
      cancelTimer();
      const reason = new BackupError("SHUTTING_DOWN", "The gateway is stopping.");
      stopped.abort(reason);
      await Promise.all([work, uploads.stop(reason)]);
    },
  };
}

/** So that other gateways can be told to trust it before there is an archive. Backups say again what keeps it from being used. */
async function makeSigningKey({ signatures, host }: Services): Promise<void> {
  try {
    await signatures.key();
  } catch (error) {
    const { code, message } = toBackupError(error, "make the signing key");
    host.log.error({ code, problem: message }, "Archives cannot be signed, so no backup can be made.");
  }
}

/** Has the host read the slot again, after its directory was settled. */
async function readAgain({ host }: Services, tenant: string): Promise<void> {
  const claim = host.tenants.claim(tenant, "recovery at start");
  if (!claim.ok) return;
  try {
    const suspension = await host.tenants.suspend(tenant, { reason: "recovery at start", timeoutMs: 0 });
    await suspension.resume();
  } finally {
    claim.release();
  }
}
