import { constants } from "node:fs";
import { copyFile, link } from "node:fs/promises";
import { isSystemError } from "../system-error.js";

/** More copies than these of one file are nobody's intent. */
const MOST_COPIES = 1000;

/**
 * Keeps what stands in a file under another name, beside it: `openclaw.json.bak`, or `openclaw.json.bak.2` and so on where
 * that is taken. The file itself stays, to be replaced in one step. Gives the name's path.
 */
export async function keepAside(file: string): Promise<string> {
  for (let number = 1; number <= MOST_COPIES; number++) {
    const kept = number === 1 ? `${file}.bak` : `${file}.bak.${number}`;
    try {
      await linkOrCopy(file, kept);
      return kept;
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) throw error;
    }
  }
  throw new Error(`${MOST_COPIES} copies of ${file} stand beside it already; move them away`);
}

/** Some file systems have no hard links. */
async function linkOrCopy(file: string, kept: string): Promise<void> {
  try {
    await link(file, kept);
  } catch (error) {
    if (!isSystemError(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK")) throw error;
    await copyFile(file, kept, constants.COPYFILE_EXCL);
  }
}
