/** The tenant that is backed up and whose archive is restored; nothing changes it. */
import Database from "better-sqlite3";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { mustRun } from "../support/run.js";
import type { FaultBed } from "./fault-bed.js";

export interface SourceTenant {
  readonly id: string;
  /** A copy of its directory. */
  readonly reference: string;
  readonly databases: readonly string[];
}

/** In use while it is backed up, with rows in its WAL. */
export const LIVE_DATABASE = "memory/live.sqlite";

/**
 * Makes a small tenant of everything that an archive can hold: databases, one of them in use, JSONL files, odd names and
 * links, and a file of noise, which is the largest part of its archive.
 */
export async function makeSource(
  t: Test,
  { bed, tokens }: FaultBed,
  noiseBytes: number,
): Promise<SourceTenant> {
  const { token, databases } = await bed.createFilledTenant("acme", {
    seed: 31,
    files: 60,
    bytes: 2_000_000,
  });
  tokens.set("acme", token);
  const directory = bed.gateway.tenantDirectory("acme");
  writeFileSync(join(directory, "workspace/media/noise.bin"), randomBytes(noiseBytes));
  const live = new Database(join(directory, LIVE_DATABASE));
  t.teardown(() => live.close());
  live.pragma("journal_mode = WAL");
  live.exec("CREATE TABLE notes (text TEXT)");
  for (let n = 0; n < 50; n++) live.prepare("INSERT INTO notes VALUES (?)").run(`note ${n}`);
  const reference = join(bed.directory, "acme-reference");
  await mustRun("cp", ["-a", directory, reference]);
  return { id: "acme", reference, databases: [...databases, LIVE_DATABASE] };
}
