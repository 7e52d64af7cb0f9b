/**
 * Measures what tests cannot judge on a shared machine, and prints it: peak memory of the gateway process while it backs
 * up and restores tenants of several sizes, and the latency of its other calls meanwhile.
 *
 *     pnpm measure [GB…]        default: 1 4
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { bytes, count, rate, seconds } from "../demo/narrator.js";
import type { BackupJob, RestoreJob } from "../support/answers.js";
import { Cli } from "../support/cli.js";
import { GatewayProcess } from "../support/gateway-process.js";
import { generateTenant } from "../support/tenant-generator.js";
import { steadyLoad } from "./load.js";
import type { Latencies } from "./load.js";
import { residentBytes, withPeakMemory } from "./memory.js";

const IDLE_SECONDS = 10;
const FILES_PER_GB = 20_000;

const sizes = argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), "openclaw-measure-"));
try {
  for (const size of sizes.length === 0 ? [1, 4] : sizes) await measure(size);
} finally {
  rmSync(directory, { recursive: true });
}

async function measure(gigabytes: number): Promise<void> {
  const stateDirectory = join(directory, `state-${gigabytes}`);
  mkdirSync(stateDirectory);
  const gateway = await GatewayProcess.start({ stateDirectory, adminToken: "measure-admin-token" });
  try {
    const cli = new Cli(gateway);
    const { token } = (await cli.json(["tenants", "create", "acme"])) as { token: string };
    const scale = { seed: 1, files: FILES_PER_GB * gigabytes, bytes: gigabytes * 1e9 };
    const content = generateTenant(gateway.tenantDirectory("acme"), scale);
    print(`\n${gigabytes} GB tenant`, `${count(content.files)} files, ${bytes(content.bytes)}`);
    print("  gateway at rest", bytes(residentBytes(gateway.pid)));

    const backup = await withPeakMemory(gateway.pid, () => cli.json(["tenants", "backup", "acme"]));
    const { result } = backup.value as BackupJob;
    const contentBytes = result.totals.contentBytes;
    print(
      "  backup",
      `peak ${bytes(backup.peakBytes)}, ${seconds(result.durationMs)}, ${rate(contentBytes, result.durationMs)}, ` +
        `archive ${bytes(result.size)}`,
    );
    const flags = ["--from", result.location, "--as", "copy"];
    const restore = await withPeakMemory(gateway.pid, () => cli.json(["tenants", "restore", ...flags]));
    const restored = (restore.value as RestoreJob).result;
    print(
      "  restore",
      `peak ${bytes(restore.peakBytes)}, ${seconds(restored.durationMs)}, ${rate(contentBytes, restored.durationMs)}`,
    );

    print("  whoami, idle", describe(await steadyLoad(gateway.url, token, delay(IDLE_SECONDS * 1000))));
    const again = runJob(gateway, "/api/admin/tenants/acme/backups", {});
    print("  whoami, during a backup", describe(await steadyLoad(gateway.url, token, again)));
    await again;
    const third = runJob(gateway, "/api/admin/restores", { from: result.location, as: "copy-2" });
    print("  whoami, during a restore", describe(await steadyLoad(gateway.url, token, third)));
    await third;
  } finally {
    await gateway.stop();
    rmSync(stateDirectory, { recursive: true });
  }
}

/** Without the command line: its start would take the processor away from what is measured. */
async function runJob(gateway: GatewayProcess, path: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.adminToken}`, "content-type": "application/json" };
  const answer = await fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  let { job } = (await answer.json()) as { job: BackupJob };
  while (job.state === "queued" || job.state === "running") {
    await delay(200);
    job = (await (await fetch(`${gateway.url}/api/admin/jobs/${job.id}`, { headers })).json()) as BackupJob;
  }
  if (job.state !== "succeeded") throw new Error(`${path}: job ${job.id} is ${job.state}`);
}

function describe({ requests, failures, p50, p99, worst }: Latencies): string {
  const [median, high, top] = [p50, p99, worst].map((value) => value.toFixed(1));
  return `p50 ${median} ms, p99 ${high} ms, worst ${top} ms over ${count(requests)} calls, ${failures} failed`;
}

function print(name: string, value: string): void {
  process.stdout.write(`${name.padEnd(28)}${value}\n`);
}
