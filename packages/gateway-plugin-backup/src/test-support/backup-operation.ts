import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../archive/format.js";
import { sampleKey } from "../archive/testing/archive-builder.js";
import type { BackupOperation } from "../jobs/thread/protocol.js";

/**
 * A backup of tenant acme as a job's thread is asked for it.
 *
 * @param directory Holds `tenant/`; `tmp/` is made there.
 */
export function backupOperation(
  directory: string,
  asked: Pick<BackupOperation, "store" | "key" | "overwrite" | "base">,
): BackupOperation {
  const temporaryDirectory = join(directory, "tmp");
  mkdirSync(temporaryDirectory, { recursive: true });
  return {
    ...asked,
    directory: join(directory, "tenant"),
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
    uid: "u1",
    createdAt: "2026-03-07T00:00:00.000Z",
    producer: "test",
    compressionLevel: 1,
    compressionThreads: 1,
    temporaryDirectory,
    signingKey: sampleKey(),
    factsFile: join(directory, "facts", asked.key),
  };
}
