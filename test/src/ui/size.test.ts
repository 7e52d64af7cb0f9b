/** The control UI opens at once on a slow line as well: a page loads little. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import t from "tap";

const PACKAGES = fileURLToPath(new URL("../../../packages/", import.meta.url));

/** What a browser loads for a page of the backup panel, and more: some files belong to one page only. */
const BUILT = ["gateway-core/dist/ui", "gateway-plugin-backup/dist/ui"];

const MAX_BYTES = 150 * 1024;

interface SizedFile {
  readonly name: string;
  readonly gzipped: number;
}

function filesOf(directory: string): SizedFile[] {
  const root = path.join(PACKAGES, directory);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return { name: path.relative(PACKAGES, file), gzipped: gzipSync(readFileSync(file)).length };
    });
}

t.test("shell and panel together are under 150 KiB, compressed", (t) => {
  const files = BUILT.flatMap(filesOf);
  const names = files.map(({ name }) => name);
  t.ok(names.includes("gateway-core/dist/ui/index.html"), "the shell has been built");
  t.ok(names.includes("gateway-plugin-backup/dist/ui/panel.js"), "the panel has been built");
  const sum = files.reduce((bytes, { gzipped }) => bytes + gzipped, 0);
  const list = files.map(({ name, gzipped }) => `${name}: ${gzipped}`).join("\n");
  t.ok(sum < MAX_BYTES, `${sum} bytes:\n${list}`);
  t.comment(`summary: the control UI is ${(sum / 1024).toFixed(1)} KiB, compressed`);
  t.end();
});
