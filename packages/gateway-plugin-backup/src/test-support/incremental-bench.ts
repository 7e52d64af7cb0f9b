/** A tenant that is backed up again and again through the job engine. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { backupSubmission, type BackupRequest } from "../jobs/backup.js";
import type { Services } from "../jobs/services.js";
import type { JobRecord } from "../jobs/types.js";
import { ended, servicesBench, type ServicesBench } from "./services-bench.js";
import { readStoredArchive } from "./stored-archive.js";

const MIB = 1024 * 1024;
const caller = { actor: "admin", trigger: "api" } as const;

export interface IncrementalBench extends ServicesBench {
  /** Backs acme up, a minute later than before; the backup must succeed. */
  readonly backUp: (request?: Partial<BackupRequest>, services?: Services) => Promise<JobRecord>;
  /** Reads the archive of a job as a whole, as a restore does. */
  readonly check: (job: JobRecord) => Promise<void>;
  /** Removes the archive of a job from its store; the ledger does not hear of it. */
  readonly removeBehindLedger: (job: JobRecord) => Promise<void>;
}

/** A tenant of about 9 MiB that does not compress: a pack, two large files. None could be a database. */
export async function incrementalBench(
  t: Test,
  config: Parameters<typeof servicesBench>[1] = {},
): Promise<IncrementalBench> {
  const bench = await servicesBench(t, config);
  const { services, directory, tenant, time } = bench;
  await tenant("acme", { "workspace/a.txt": "content" });
  for (const name of ["one", "two"]) writeFileSync(join(directory("acme"), name), randomBytes(4 * MIB + 3));
  for (const name of ["s1", "s2", "s3"])
    writeFileSync(join(directory("acme"), name), randomBytes(MIB / 2 + 3));
  const archiveOf = (job: JobRecord) => {
    const archive = services.ledger.archives.get(String(job.result?.["archiveId"]));
    if (archive === undefined) throw new Error(`Job ${job.id} made no archive.`);
    return { archive, store: services.destinations.source(archive.location).settings };
  };
  return {
    ...bench,
    backUp: async (request = {}, used = services) => {
      time.advance(60_000);
      const job = await ended(services, backupSubmission(used, { tenant: "acme", ...request }, caller));
      t.match(job, { state: "succeeded", error: undefined });
      return job;
    },
    check: async (job) => {
      const { archive, store } = archiveOf(job);
      const { size, etag, indexSha256 } = await readStoredArchive(store, archive.key);
      t.match(archive, { size, etag, indexSha256 });
    },
    removeBehindLedger: async (job) => {
      const { archive, store } = archiveOf(job);
      const { key, size, etag, indexSha256 } = archive;
      const archives = [{ key, size, etag, indexSha256, damaged: true }];
      const { signal } = new AbortController();
      const limits = { entries: 1, bytes: 1, ratio: 1 };
      await services.threads.run("remove", { store, limits, archives }, { signal });
    },
  };
}

export function sentBytes(job: JobRecord): number {
  return (job.result?.["bytes"] as { readonly uploaded: number }).uploaded;
}
