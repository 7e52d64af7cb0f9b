import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "../../system-error.js";

/**
 * Writes what is known of an archive's files; returns why that was not possible. It only saves work: no backup fails of it.
 * What is left half-written the next start removes.
 */
export function writeFacts(file: string, bytes: Uint8Array): string | undefined {
  const partial = `${file}.partial`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(partial, bytes, { mode: 0o600 });
    renameSync(partial, file);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
