/** Walks and reads one tenant, synchronously; takes messages only where it waits for a buffer or the helper process. */
import { parentPort, workerData } from "node:worker_threads";
import { serializeError, toBackupError } from "../../errors.js";
import { Plan } from "../plan.js";
import { PlanFile } from "../plan-file.js";
import { TenantDatabases } from "../tenant-databases.js";
import { TenantReader } from "../tenant-reader.js";
import { scanTree } from "../tenant-scan.js";
import type { ScanTotals } from "../tenant-scan.js";
import type { ReaderStart } from "./messages.js";
import { lowerThreadPriority } from "./priority.js";
import { ReaderPort } from "./reader-port.js";

lowerThreadPriority();
if (parentPort === null) throw new Error("To be started as a worker thread.");
const port = new ReaderPort(parentPort);
const start = workerData as ReaderStart;
const { source } = start;
const onProgress = (totals: ScanTotals): void => {
  port.send({ type: "scanning", totals });
};

try {
  if ("dryRun" in start) await dryRun(start.dryRun.planFile);
  else await read(start.temporaryDirectory);
} catch (error) {
  port.send({ type: "failed", error: serializeError(toBackupError(error, `read tenant ${source.tenant}`)) });
}

async function read(temporaryDirectory: string): Promise<void> {
  const databases = new TenantDatabases(port.databases, temporaryDirectory);
  const { scan, links } = await scanTree(source, databases, { onProgress });
  port.send({ type: "scanned", scan });
  const summary = await new TenantReader(source, databases, links, port).read();
  port.send({ type: "read", summary });
}

async function dryRun(planFile: string | undefined): Promise<void> {
  // It copies no database.
  const databases = new TenantDatabases(port.databases, "");
  const file = planFile === undefined ? undefined : new PlanFile(planFile);
  try {
    const { scan } = await scanTree(source, databases, { onProgress, plan: new Plan(file) });
    port.send({ type: "scanned", scan });
  } finally {
    file?.close();
  }
}
