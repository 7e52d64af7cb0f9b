/** What becomes of an archive of another tool. */
import type { Test } from "tap";
import { BackupError } from "../../errors.js";
import { extractInProcess, type InProcessOptions } from "./extract-in-process.js";
import { stagingDirectory } from "./staging.js";
import { readTree, type TreeEntry } from "./tree.js";

/** The error with which the archive is refused; throws when it is not. */
export async function refusal(bytes: Uint8Array, options: InProcessOptions = {}): Promise<BackupError> {
  try {
    await extractInProcess(bytes, undefined, options);
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
  throw new Error("the archive was accepted");
}

/** The tree that comes out of it. */
export async function extracted(
  test: Test,
  tar: Buffer,
  options: InProcessOptions = {},
): Promise<Record<string, TreeEntry>> {
  const into = stagingDirectory(test);
  await extractInProcess(tar, into, options);
  return readTree(into);
}
