import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** An empty directory for one test, removed at its end whatever modes the test left behind. */
export function stagingDirectory(test: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "openclaw-staging-"));
  test.teardown(() => {
    openUp(Buffer.from(directory));
    rmSync(directory, { recursive: true });
  });
  return directory;
}

function openUp(directory: Buffer): void {
  chmodSync(directory, 0o700);
  for (const name of readdirSync(directory, { encoding: "buffer" })) {
    const path = Buffer.concat([directory, Buffer.from("/"), name]);
    if (lstatSync(path).isDirectory()) openUp(path);
  }
}
