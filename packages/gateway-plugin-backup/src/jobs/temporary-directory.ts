import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "./make-directory.js";
import type { Services } from "./services.js";
import type { JobContext, JobLeftover } from "./types.js";

/** Runs `work` with a directory for copies of databases that is gone afterwards, even after a crash. */
export async function inTemporaryDirectory<T>(
  { host }: { readonly host: Pick<Services["host"], "paths"> },
  context: Pick<JobContext, "jobId" | "leftovers">,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const path = join(host.paths.backup, "tmp", context.jobId);
  const leftover: JobLeftover = { kind: "directory", path };
  context.leftovers.add(leftover);
  await makeDirectory(path);
  try {
    return await work(path);
  } finally {
    // What cannot be removed now stays noted, and is tried again when the job has ended.
    const isGone = await rm(path, { recursive: true, force: true }).then(
      () => true,
      () => false,
    );
    if (isGone) context.leftovers.remove(leftover);
  }
}
