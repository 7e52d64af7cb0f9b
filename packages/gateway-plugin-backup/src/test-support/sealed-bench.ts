/** Tenants whose archives are encrypted, for tests of jobs: with age, or with a program that swaps the halves of the byte. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { keyPair, type KeyPair } from "../archive/testing/key-pair.js";
import type { BackupConfig } from "../config.js";
import { backupSubmission, type BackupRequest } from "../jobs/backup.js";
import type { ArchiveRecord } from "../jobs/ledger/archives.js";
import type { JobRecord } from "../jobs/types.js";
import { ended, servicesBench, type ServicesBench } from "./services-bench.js";

export const CALLER = { actor: "admin", trigger: "api" } as const;

const SCRIPTS = [
  // Its own inverse.
  ["swap", "#!/bin/sh\nexec /usr/bin/tr '\\000-\\377' '\\200-\\377\\000-\\177'\n"],
  ["fail", "#!/bin/sh\n/usr/bin/head -c 100000000 > /dev/null\necho no key >&2\nexit 2\n"],
  ["gzip", "#!/bin/sh\nexec /usr/bin/gzip\n"],
] as const;

export interface SealedBench extends ServicesBench {
  readonly key: KeyPair;
  /** Backs acme up, a minute later than before. */
  readonly backUp: (request?: Partial<BackupRequest>) => Promise<JobRecord>;
  /** As {@link backUp}, natively encrypted. */
  readonly sealed: (request?: Partial<BackupRequest>) => Promise<ArchiveRecord>;
  readonly record: (id: unknown) => ArchiveRecord;
}

/** Has tenant acme, and a program `swap` for pipes; `fail` is one that fails when it has read everything. */
export async function sealedBench(
  t: Test,
  config: Partial<BackupConfig> = {},
  files: Readonly<Record<string, string>> = { "sessions/a.jsonl": "{}\n" },
): Promise<SealedBench> {
  // Not in the test's own directory, which the bench makes, and looks for programs at once.
  const programs = mkdtempSync(join(tmpdir(), "pipes-"));
  t.teardown(() => rmSync(programs, { recursive: true }));
  for (const [name, script] of SCRIPTS) {
    writeFileSync(join(programs, name), script);
    chmodSync(join(programs, name), 0o755);
  }
  const program = (name: string): { path: string; options: string[] } => ({
    path: join(programs, name),
    options: [],
  });
  const bench = await servicesBench(t, {
    pipe: { allow: { swap: program("swap"), fail: program("fail"), gzip: program("gzip") } },
    ...config,
  });
  const { services, tenant, time } = bench;
  await tenant("acme", files);
  const key = await keyPair();
  const record = (id: unknown): ArchiveRecord => {
    const found = services.ledger.archives.get(String(id));
    if (found === undefined) throw new Error(`Archive ${String(id)} is not in the catalogue.`);
    return found;
  };
  const backUp: SealedBench["backUp"] = (request = {}) => {
    time.advance(60_000);
    return ended(services, backupSubmission(services, { tenant: "acme", ...request }, CALLER));
  };
  return {
    ...bench,
    key,
    backUp,
    record,
    sealed: async (request = {}) => {
      const { result, error } = await backUp({ recipients: [key.recipient], ...request });
      if (result === undefined) throw new Error(error?.message);
      return record(result["archiveId"]);
    },
  };
}
