/** Where a swap of single paths has its things. */
import { dirname, join } from "node:path";
import type { PathSwapPlace } from "../archive/access/path-swap.js";
import type { SwapRecord } from "./ledger/swaps.js";
import type { JobThreads } from "./thread/pool.js";

/** The journal file of a job's swap, in a directory of staging or trash. */
export function pathJournal(directory: string, jobId: string): string {
  return join(directory, `${jobId}.paths`);
}

/** Makes the renames of a swap of paths, or takes them back. */
export async function movePaths(
  threads: JobThreads,
  { jobId, staged = "", live, trash = "" }: SwapRecord,
  direction: "forward" | "back",
): Promise<void> {
  const place: PathSwapPlace = { live, in: staged, out: trash, journal: pathJournal(dirname(staged), jobId) };
  const keep = pathJournal(dirname(trash), jobId);
  const { signal } = new AbortController();
  await threads.run("movePaths", { place, keep, direction }, { signal });
}
