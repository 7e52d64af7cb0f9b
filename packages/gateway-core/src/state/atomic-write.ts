import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import path from "node:path";

export interface AtomicWriteOptions {
  /** Where the temporary file is made: on the same file system. Default: beside the target. */
  readonly temporaryDirectory?: string;
}

/**
 * Writes a small file (mode 0600) so that a crash leaves the old content or the new one, never a part: temporary file,
 * fsync, rename, fsync of the directory.
 */
export async function writeFileAtomic(
  file: string,
  content: string,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const directory = path.dirname(file);
  const temporary = path.join(
    options.temporaryDirectory ?? directory,
    `${GATEWAY_TEMPORARY}${randomBytes(8).toString("hex")}`,
  );
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/**
 * How the gateway's own temporary files and directories begin, in `tenants/.staging` too: what a crash left of them is
 * removed at the next start, and nobody else's.
 */
export const GATEWAY_TEMPORARY = ".gateway-";

/** Makes a rename or a removal inside `directory` last through a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
