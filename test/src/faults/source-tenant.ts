/** The tenant that is backed up and whose archive is restored; nothing changes it. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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
    files: 50,
    bytes: 1_000_000,
  });
  tokens.set("acme", token);
  const directory = bed.gateway.tenantDirectory("acme");
  writeFileSync(join(directory, "workspace/media/noise.bin"), randomBytes(noiseBytes));
  await openElsewhere(t, join(directory, LIVE_DATABASE));
  const reference = join(bed.directory, "acme-reference");
  await mustRun("cp", ["-a", directory, reference]);
  return { id: "acme", reference, databases: [...databases, LIVE_DATABASE] };
}

/** In another process: this one compares trees, and would drop its own locks by closing a file of a database. */
async function openElsewhere(t: Test, database: string): Promise<void> {
  const program = fileURLToPath(new URL("../fixtures/database-in-use.js", import.meta.url));
  const child = spawn(process.execPath, [program, database], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(async () => {
    const ended = once(child, "exit");
    child.stdin.end();
    await ended;
  });
  await once(child.stdout, "data");
}
