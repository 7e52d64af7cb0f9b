/**
 * Archives as released versions of the format wrote them, which must restore for ever. `test/fixtures/archives/vN/` holds,
 * for each, the archive and a list of what it gives; neither is ever made anew.
 */
import { hash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractInProcess, readTree } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";

const FIXTURES = fileURLToPath(new URL("../fixtures/archives", import.meta.url));
/** Of the tenant in the archive of version 1. */
const TOKEN = "tk_acme_0123456789abcdef0123456789abcdef";

/** A tree as the lists have it: names are bytes, shown as Latin-1. */
function listOf(directory: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(readTree(directory)).map(([path, { type, mode, mtimeNs, content, target }]) => [
      path,
      {
        type,
        mode: mode.toString(8),
        mtime: String(mtimeNs),
        ...(content !== undefined && {
          size: content.length,
          sha256: hash("sha256", Buffer.from(content, "latin1")),
        }),
        ...(target !== undefined && { target }),
      },
    ]),
  );
}

const archives = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".tar.zst"),
);

t.test("there is an archive of version 1, and a signed one", (t) => {
  t.ok(archives.includes("v1/tenant.tar.zst"));
  t.ok(archives.includes("v1/signed.tar.zst"));
  t.end();
});

for (const name of archives)
  t.test(`${name} is extracted with every byte, mode, time and link`, async (t) => {
    const archive = join(FIXTURES, name);
    const into = join(temporaryDirectory(t), "tree");
    mkdirSync(into);
    const { hadIndex } = await extractInProcess(readFileSync(archive), into);
    t.equal(hadIndex, true);
    t.strictSame(listOf(into), JSON.parse(readFileSync(archive.replace(/\.tar\.zst$/, ".json"), "utf8")));
  });

t.test("the archive of version 1 becomes a running tenant again, with its token", async (t) => {
  const bed = await Bed.start(t);
  const archive = join(FIXTURES, "v1/tenant.tar.zst");
  copyFileSync(archive, join(bed.archives, basename(archive)));
  const job = await bed.restore("--from", join(bed.archives, basename(archive)));
  t.match(job, { state: "succeeded", result: { hadIndex: true, token: "archive" } });
  t.equal(await bed.whoami(TOKEN), "acme");
});
