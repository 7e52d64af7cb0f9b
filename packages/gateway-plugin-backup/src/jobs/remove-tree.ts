import { once } from "node:events";
import { startThread } from "../archive/threads/start-thread.js";
import { toBackupError } from "../errors.js";

const THREAD = new URL("./remove-tree-thread.js", import.meta.url);

/** What is being removed stands under its name with this ending, so that half a tree is never taken for a whole one. */
export const REMOVING_SUFFIX = ".removing";

/**
 * Removes a directory with all it holds; fine when it is not there. Works in a thread of its own: the pool behind
 * asynchronous file calls is small and serves the gateway's requests. Rejects with a `BackupError` that names the
 * directory; what is left of it then has the {@link REMOVING_SUFFIX}.
 */
export async function removeTree(directory: string): Promise<void> {
  const worker = startThread(THREAD, directory);
  try {
    await once(worker, "exit");
  } catch (error) {
    throw toBackupError(error, `remove ${directory}`);
  }
}
