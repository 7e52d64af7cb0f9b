import { Worker } from "node:worker_threads";
import type { TreeReply, TreeRequest } from "./tree-thread.js";

export interface TreeUsage {
  /** Sum of the sizes of all files. */
  readonly bytes: number;
  /** Files, directories and links below the directory. */
  readonly entries: number;
}

/** Removes a directory tree, read-only directories included. Nothing to remove is fine. */
export async function removeTree(directory: string): Promise<void> {
  await inThread({ work: "remove", directory });
}

/** What a directory tree takes. Entries that vanish meanwhile do not count. */
export async function measureTree(directory: string): Promise<TreeUsage> {
  const reply = await inThread({ work: "measure", directory });
  return { bytes: reply.bytes, entries: reply.entries };
}

/**
 * Trees can be huge. Walked with promises they would fill the four threads of libuv's pool, which every other request's
 * file access shares; a thread of its own walks them with synchronous calls.
 */
function inThread(request: TreeRequest): Promise<TreeReply> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./tree-thread.js", import.meta.url), { workerData: request });
    // The gateway may stop while a deletion runs: the next start goes on with it.
    worker.unref();
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error(`the thread for ${request.directory} ended early`)));
  });
}
