/** Walks and reads one tenant, synchronously; takes messages only where it waits for a buffer or the helper process. */
import { parentPort, workerData } from "node:worker_threads";
import { serializeError, toBackupError } from "../../errors.js";
import { TenantDatabases } from "../tenant-databases.js";
import { TenantReader } from "../tenant-reader.js";
import { scanTree } from "../tenant-scan.js";
import type { ReaderStart } from "./messages.js";
import { lowerThreadPriority } from "./priority.js";
import { ReaderPort } from "./reader-port.js";

lowerThreadPriority();
if (parentPort === null) throw new Error("To be started as a worker thread.");
const port = new ReaderPort(parentPort);
const { source, temporaryDirectory } = workerData as ReaderStart;

try {
  const databases = new TenantDatabases(port.databases, temporaryDirectory ?? "");
  const { scan, links } = await scanTree(source, databases, (totals) => {
    port.send({ type: "scanning", totals });
  });
  port.send({ type: "scanned", scan });
  if (temporaryDirectory !== undefined) {
    const summary = await new TenantReader(source, databases, links, port).read();
    port.send({ type: "read", summary });
  }
} catch (error) {
  port.send({ type: "failed", error: serializeError(toBackupError(error, `read tenant ${source.tenant}`)) });
}
