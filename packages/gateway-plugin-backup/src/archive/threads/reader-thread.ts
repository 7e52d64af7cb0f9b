/** Walks and reads one tenant, synchronously; takes messages only where it waits for a buffer or the helper process. */
import { workerData } from "node:worker_threads";
import { serializeError, toBackupError } from "../../errors.js";
import { BaseTable } from "../base/base-table.js";
import { Comparison } from "../base/comparison.js";
import { Survival } from "../base/survival.js";
import { ownerName } from "../gateway-parts.js";
import { Plan } from "../plan.js";
import { PlanFile } from "../plan-file.js";
import { TenantDatabases } from "../tenant-databases.js";
import { TenantReader } from "../tenant-reader.js";
import { scanTree } from "../tenant-scan.js";
import type { ScanTotals } from "../tenant-scan.js";
import type { BackupStart, ReaderStart } from "./messages.js";
import { ownPort } from "./own-port.js";
import { lowerThreadPriority } from "./priority.js";
import { ReaderPort } from "./reader-port.js";

lowerThreadPriority();
const port = new ReaderPort(ownPort());
const start = workerData as ReaderStart;
const { source } = start;
const onProgress = (totals: ScanTotals): void => {
  port.send({ type: "scanning", totals });
};

try {
  if ("dryRun" in start) await dryRun(start.dryRun.planFile);
  else await read(start);
} catch (error) {
  port.send({
    type: "failed",
    error: serializeError(toBackupError(error, `read ${ownerName(source.tenant)}`)),
  });
}

async function read({ temporaryDirectory, base }: BackupStart): Promise<void> {
  const databases = new TenantDatabases(port.databases, temporaryDirectory);
  const table = base && new BaseTable(base.payload, source.limits, base.states);
  const comparison = table && new Comparison(source, table, databases, Date.now);
  const { scan, links } = await scanTree(source, databases, { onProgress, comparison });
  const survival = table && new Survival(table);
  port.send({ type: "scanned", totals: scan.totals, runs: survival?.runs ?? [] });
  const read = await new TenantReader(source, databases, port, { links, survival }).read();
  const bytesRead = read.bytesRead + (comparison?.bytesRead ?? 0);
  port.send({ type: "read", summary: { ...read, bytesRead }, excluded: scan.excluded }, [read.states.buffer]);
}

async function dryRun(planFile: string | undefined): Promise<void> {
  // It copies no database.
  const databases = new TenantDatabases(port.databases, "");
  const file = planFile === undefined ? undefined : new PlanFile(planFile);
  try {
    const plan = new Plan(file);
    const { scan } = await scanTree(source, databases, { onProgress, plan });
    port.send({ type: "planned", plan: { ...scan, ...plan.finish() } });
  } finally {
    file?.close();
  }
}
