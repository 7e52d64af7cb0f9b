import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * Reads a small text file that an archive may have brought: a link, a device or a huge file in its place is refused, and
 * a FIFO does not block. Rejects with what keeps it from being read.
 */
export async function readSmallFile(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error("is not a regular file");
    if (status.size > maxBytes) throw new Error(`is larger than ${maxBytes} bytes`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
