import { statfsSync } from "node:fs";
import type { SpaceLimit } from "../../archive/space.js";

/** Share of the free space that a restore leaves to the gateway. */
const SPARE_SPACE = 0.1;

/** What quota and free space, less its reserve, leave. */
export function spaceFor({
  quotaBytes = Infinity,
  fileSystem,
}: {
  readonly quotaBytes?: number | undefined;
  readonly fileSystem: string;
}): SpaceLimit {
  const free = freeSpace(fileSystem);
  return quotaBytes < free ? { bytes: quotaBytes, boundBy: "quota" } : { bytes: free, boundBy: "disk" };
}

/** Bytes that a restore may take on the file system of `directory`. */
function freeSpace(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return Math.floor(bavail * bsize * (1 - SPARE_SPACE));
}
