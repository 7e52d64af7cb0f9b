import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { testOfPermissions } from "../../test-support/permissions.js";
import { keysOf, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import { openStore } from "../open.js";

function temporary(t: Test): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-local-permissions-")));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const options = { overwrite: false, onLeftover: () => Promise.resolve() };

testOfPermissions(t, import.meta.url, "a directory without the right to write is named", async (t) => {
  const root = temporary(t);
  chmodSync(root, 0o500);
  const error = await rejectsWith(
    t,
    openStore({ kind: "local", roots: [root] }).create(join(root, "archive"), options),
    "READ_ONLY",
  );
  t.match(error.message, root);
});

testOfPermissions(t, import.meta.url, "what may not be read is named, with the way out", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  await storeArchive(it, join(root, "acme", "archive"), testBytes(10));
  chmodSync(join(root, "acme", "archive"), 0o000);
  const error = await rejectsWith(t, readAll(it, join(root, "acme", "archive")), "IO_FAILED");
  t.match(error.hint, /readable for the gateway's user/);
  chmodSync(join(root, "acme"), 0o000);
  t.teardown(() => chmodSync(join(root, "acme"), 0o700));
  t.match((await rejectsWith(t, keysOf(it.list(`${root}/`)), "IO_FAILED")).message, `list ${root}/`);
});
