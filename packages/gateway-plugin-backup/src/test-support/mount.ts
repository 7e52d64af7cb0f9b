import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** The directory of an empty file system that is there until the test ends. `options` as mount(8) takes them. */
export function mountTmpfs(t: Test, options: string): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-mount-")));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]);
  t.teardown(() => {
    execFileSync("umount", [directory]);
    rmSync(directory, { recursive: true });
  });
  return directory;
}

/** Why there is no {@link mountTmpfs} here: it takes root, and a container that allows it. False where there is. */
export function withoutMount(): string | false {
  if (process.getuid?.() !== 0) return "only root can mount";
  const directory = mkdtempSync(join(tmpdir(), "openclaw-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", directory], { stdio: "ignore" });
    execFileSync("umount", [directory]);
    return false;
  } catch {
    return "mounting is not allowed here";
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
