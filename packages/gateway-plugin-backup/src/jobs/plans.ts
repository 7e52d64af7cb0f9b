/**
 * The complete lists of dry runs (`archive/plan-file.ts`): one file a job in the state's `backup/plans/`. A list can be
 * large, so it is kept for a day only, and of many only the newest.
 */
import { open, readdir, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { PluginHost } from "@openclaw/gateway-core";
import { BackupError, toBackupError } from "../errors.js";
import { makeDirectory } from "./make-directory.js";

const KEPT_MS = 24 * 3_600_000;
const KEPT_FILES = 10;
const ENDING = ".jsonl";

type Host = Pick<PluginHost, "paths" | "clock">;

export interface PreparedPlan {
  /** Absolute; does not exist yet. */
  readonly file: string;
  /** RFC 3339: when it will be removed. */
  readonly until: string;
  discard(): Promise<void>;
}

/** Makes room for the list of one more job. Rejects with DISK_FULL, READ_ONLY or IO_FAILED. */
export async function preparePlan(host: Host, jobId: string): Promise<PreparedPlan> {
  const directory = plansIn(host);
  try {
    await makeDirectory(directory);
    await removeOldPlans(host, KEPT_FILES - 1);
  } catch (error) {
    throw toBackupError(error, `make room for a list in ${directory}`);
  }
  const file = join(directory, `${jobId}${ENDING}`);
  return {
    file,
    until: new Date(host.clock.now() + KEPT_MS).toISOString(),
    discard: () => rm(file, { force: true }),
  };
}

/** Opens the list of a job for reading. Rejects with PLAN_NOT_FOUND. `jobId` is one of the ledger's, not just any text. */
export async function openPlan(host: Host, jobId: string): Promise<FileHandle> {
  const file = join(plansIn(host), `${jobId}${ENDING}`);
  try {
    return await open(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw toBackupError(error, `read ${file}`);
    throw new BackupError("PLAN_NOT_FOUND", `Job ${jobId} has no list of entries, or it was removed by now.`);
  }
}

/** Removes the lists that are a day old. Never rejects; what cannot be removed now is tried again the next time. */
export async function expirePlans(host: Host & Pick<PluginHost, "log">): Promise<void> {
  try {
    await removeOldPlans(host, KEPT_FILES);
  } catch (error) {
    const problem = toBackupError(error, `look after ${plansIn(host)}`).message;
    host.log.warn({ problem }, "Old lists of dry runs could not be removed.");
  }
}

async function removeOldPlans(host: Host, keep: number): Promise<void> {
  const directory = plansIn(host);
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  // A job's id sorts by its time of creation.
  const newestFirst = names.sort().reverse();
  for (const [index, name] of newestFirst.entries()) {
    const file = join(directory, name);
    const { mtimeMs } = await stat(file);
    if (index >= keep || mtimeMs + KEPT_MS <= host.clock.now()) await rm(file, { force: true });
  }
}

function plansIn({ paths }: Host): string {
  return join(paths.backup, "plans");
}
