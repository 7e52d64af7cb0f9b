/**
 * What the next start does after a crash, or a stop that was not waited for: settles swaps, gives every job an end, and
 * finds the directories that nobody will come back for. Everything here may itself be cut off, and be done again.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Clock, PluginLogger } from "@openclaw/gateway-core";
import { BackupError, serializeError, toBackupError } from "../errors.js";
import type { JobEnd } from "./ledger/jobs.js";
import type { Ledger } from "./ledger/ledger.js";
import type { SwapRecord } from "./ledger/swaps.js";
import { REMOVING_SUFFIX, removeTree } from "./remove-tree.js";
import type { SwapSettlement, TenantSwap } from "./swap.js";
import type { JobLeftover, JobRecord } from "./types.js";

export interface RecoveryOptions {
  readonly ledger: Pick<Ledger, "jobs" | "leftovers" | "swaps">;
  readonly swap: Pick<TenantSwap, "recover">;
  readonly clock: Clock;
  readonly log: PluginLogger;
  readonly paths: RecoveryPaths;
}

export interface RecoveryPaths {
  /** One directory a job: restores that were being extracted. */
  readonly staging: string;
  readonly trash: string;
  /** One directory a job: copies of databases. */
  readonly temporary: string;
}

export interface Recovery {
  /** The slots whose tenants may have changed on disk; read them again. */
  readonly settlements: readonly SwapSettlement[];
  /** The jobs that were given an end. */
  readonly jobs: readonly JobRecord[];
  /** What is of no use any more, and is no leftover in the ledger; can take long, so hand it to {@link removeStale} once the gateway serves. */
  readonly stale: readonly string[];
}

/** Call it at start, before any tenant is served and any job is taken. */
export async function recover(options: RecoveryOptions): Promise<Recovery> {
  const settlements = await options.swap.recover();
  for (const settlement of settlements) logSettlement(options.log, settlement);
  const jobs = endJobs(options, settlements);
  return { settlements, jobs, stale: await findStale(options, settlements) };
}

/** Never rejects; what cannot be removed now is logged, and found again by the next start. */
export async function removeStale(directories: readonly string[], log: PluginLogger): Promise<void> {
  for (const directory of directories) {
    try {
      await removeTree(directory);
    } catch (error) {
      const problem = toBackupError(error, `remove ${directory}`).message;
      log.warn({ directory, problem }, "What a job left behind could not be removed.");
    }
  }
}

function logSettlement(log: PluginLogger, settlement: SwapSettlement): void {
  if (settlement.outcome === "unclear") {
    log.error(
      settlement,
      "A swap was cut off, and could not be settled. Its directories are left as they are.",
    );
  } else {
    log.warn(settlement, `A swap was cut off. It was settled: the ${settlement.outcome} tenant stands.`);
  }
}

/** Ends the jobs that have none, and those that were seen to fail but whose swap was carried on now. */
function endJobs({ ledger, clock }: RecoveryOptions, settlements: readonly SwapSettlement[]): JobRecord[] {
  const carriedOn = settlements.filter(({ outcome }) => outcome === "new").map(({ jobId }) => jobId);
  const ids = new Set([...ledger.jobs.open().map(({ id }) => id), ...carriedOn]);
  const jobs = [...ids].map((id) => ledger.jobs.get(id)).filter((job) => job !== undefined);
  return jobs.map((job) => {
    const settlement = settlements.find(({ jobId }) => jobId === job.id);
    const end = jobEnd(job, ledger.swaps.get(job.id), settlement, clock.now());
    ledger.jobs.end(end);
    return { ...job, ...end };
  });
}

function jobEnd(
  job: JobRecord,
  swap: SwapRecord | undefined,
  settlement: SwapSettlement | undefined,
  finishedAt: number,
): JobEnd {
  if (swap?.phase === "done") {
    const message = `The gateway stopped while tenant ${job.tenant} was being replaced; the next start completed it.`;
    return {
      id: job.id,
      state: "succeeded",
      finishedAt,
      ...(swap.installedUid === undefined ? {} : { tenantUid: swap.installedUid }),
      result: swap.result,
      warnings: [{ code: "RECOVERED", message }],
    };
  }
  const error = new BackupError("JOB_INTERRUPTED", interruption(job, swap, settlement));
  return { id: job.id, state: "interrupted", finishedAt, warnings: [], error: serializeError(error) };
}

function interruption(
  job: JobRecord,
  swap: SwapRecord | undefined,
  settlement: SwapSettlement | undefined,
): string {
  if (job.state === "queued") return `The gateway stopped before job ${job.id} had begun.`;
  if (swap === undefined) return `The gateway stopped while job ${job.id} ran.`;
  const whatNow = settlement?.outcome === "unclear" ? settlement.reason : "It stands as it was before.";
  return `The gateway stopped while tenant ${job.tenant} was being replaced. ${whatNow}`;
}

async function findStale(
  { paths, ledger }: RecoveryOptions,
  settlements: readonly SwapSettlement[],
): Promise<string[]> {
  const needed = new Set(
    settlements.filter(({ outcome }) => outcome === "unclear").map(({ jobId }) => jobId),
  );
  const staging = await children(paths.staging);
  const temporary = await children(paths.temporary);
  const trash = await children(paths.trash);
  const stale = [
    ...staging.filter((directory) => !needed.has(path.basename(directory))),
    ...temporary,
    ...trash.filter((directory) => directory.endsWith(REMOVING_SUFFIX)),
  ];
  // Two that remove one directory at a time get in each other's way.
  const isLeftover = new Set(ledger.leftovers.ofEndedJobs().flatMap(({ leftover }) => placesOf(leftover)));
  return stale.filter((directory) => !isLeftover.has(directory));
}

/** Where the {@link LeftoverKeeper} will look for it. */
function placesOf(leftover: JobLeftover): string[] {
  return leftover.kind === "directory" ? [leftover.path, leftover.path + REMOVING_SUFFIX] : [];
}

async function children(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).map((name) => path.join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw toBackupError(error, `list ${directory}`);
  }
}
