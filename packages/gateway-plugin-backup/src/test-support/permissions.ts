import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";

/** What lets root pass over permissions (capabilities(7)). */
const OVERRIDES = "-dac_override,-dac_read_search";
const WITHOUT_OVERRIDES = [`--bounding-set=${OVERRIDES}`, `--inh-caps=${OVERRIDES}`];

/**
 * A test of what permissions forbid. Where they bind, it runs here. For root it runs in a child process that has the
 * test's file once more, as root without the right to pass over permissions (`setpriv` of util-linux); where even that
 * cannot be had, it is skipped.
 *
 * `file` is the test's `import.meta.url`.
 */
export function testOfPermissions(
  t: Test,
  file: string,
  name: string,
  work: (t: Test) => Promise<void> | void,
): void {
  if (permissionsBind()) {
    void t.test(name, work);
    return;
  }
  const hasSetpriv = spawnSync("setpriv", [...WITHOUT_OVERRIDES, "true"]).status === 0;
  void t.test(
    name,
    { skip: !hasSetpriv && "root passes over permissions, and there is no setpriv" },
    async (t) => {
      const node = [process.execPath, "--enable-source-maps", fileURLToPath(file)];
      const child = spawn("setpriv", [...WITHOUT_OVERRIDES, ...node]);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      }
      const [code] = (await once(child, "close")) as [number | null];
      t.ok(output.includes(`- ${name}`), "the child ran this test");
      t.equal(
        code,
        0,
        output
          .split("\n")
          .filter((line) => /^\s*not ok/.test(line))
          .join("\n"),
      );
    },
  );
}

function permissionsBind(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "openclaw-permissions-"));
  try {
    const file = join(directory, "locked");
    writeFileSync(file, "");
    chmodSync(file, 0o000);
    closeSync(openSync(file, "r"));
    return false;
  } catch {
    return true;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
