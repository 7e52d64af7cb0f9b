/** Backups of a whole gateway, made and looked at in tests. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Test } from "tap";
import type { BackupConfig } from "../config.js";
import { DEFAULT_LIMITS } from "../archive/format.js";
import { readIndex } from "../archive/index-codec.js";
import { openIndex } from "../archive/open.js";
import { memorySource } from "../archive/testing/memory-source.js";
import { gatewayBackupSubmission } from "../jobs/gateway/backup.js";
import type { GatewayBackupRequest } from "../jobs/gateway/request.js";
import { parseManifest, type SetManifest } from "../jobs/gateway/set-manifest.js";
import type { Services } from "../jobs/services.js";
import type { JobRecord } from "../jobs/types.js";
import { ended, servicesBench, type ServicesBench } from "./services-bench.js";

export const ADMIN = { actor: "admin", trigger: "api" } as const;

export interface GatewayBench extends ServicesBench {
  /** Those of a gateway whose workspace is a volume of its own. */
  readonly services: Services;
  readonly workspace: string;
}

/** A gateway with a tenant, a file of its own, and a workspace volume. */
export async function gatewayBench(t: Test, config: Partial<BackupConfig> = {}): Promise<GatewayBench> {
  const bench = await servicesBench(t, config);
  const { root } = bench.services.host.paths;
  const workspace = join(root, "../volume");
  put(workspace, { "notes.md": "# notes\n" });
  put(root, { "cron/jobs.json": "[]\n" });
  await bench.tenant("acme", { "sessions/a.jsonl": "{}\n", "workspace/b.md": "b" });
  const paths = { ...bench.services.host.paths, workspace };
  return { ...bench, workspace, services: { ...bench.services, host: { ...bench.services.host, paths } } };
}

export function put(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

/** Backs the gateway up; the job as it ended. */
export function backUp(services: Services, request: GatewayBackupRequest = {}): Promise<JobRecord> {
  return ended(services, gatewayBackupSubmission(services, request, ADMIN));
}

/** Every file below a directory. */
export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

export function manifestAt(file: string): SetManifest {
  return parseManifest(readFileSync(file, "utf8"), file);
}

/** The paths of an archive's entries. */
export async function entriesOf(file: string): Promise<string[]> {
  const bytes = readFileSync(file);
  const index = await openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS);
  if (index === undefined) throw new Error(`${file} has no index.`);
  return [...readIndex(index.payload, DEFAULT_LIMITS)].flatMap((line) =>
    line.kind === "entry" ? [line.entry.path] : [],
  );
}

/** The ledger behind the gateway's back, for what only a crash brings about. */
export function inLedger({ host }: Pick<Services, "host">, sql: string): void {
  const ledger = new Database(join(host.paths.backup, "ledger.sqlite"), { timeout: 5000 });
  try {
    ledger.exec(sql);
  } finally {
    ledger.close();
  }
}
