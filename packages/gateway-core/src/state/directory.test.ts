import { stat } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { defaultStateDirectory, gatewayPaths, prepareStateDirectory } from "./directory.js";

t.test("OPENCLAW_STATE_DIR, else .openclaw in the home directory", (t) => {
  t.equal(defaultStateDirectory({ OPENCLAW_STATE_DIR: "/srv/state/" }), "/srv/state");
  t.equal(defaultStateDirectory({ HOME: "/home/me" }), "/home/me/.openclaw");
  t.equal(defaultStateDirectory({ OPENCLAW_STATE_DIR: "", HOME: "/home/me" }), "/home/me/.openclaw");
  t.end();
});

t.test("all directories are made for the owner only, and again without harm", async (t) => {
  const paths = gatewayPaths(path.join(t.testdir(), "deep", "state"));
  await prepareStateDirectory(paths);
  await prepareStateDirectory(paths);
  for (const directory of [
    paths.root,
    paths.tenants,
    paths.staging,
    paths.trash,
    paths.backup,
    paths.backups,
  ]) {
    t.equal((await stat(directory)).mode & 0o777, 0o700, directory);
  }
});

t.test("a state directory that cannot be used is one clear error", async (t) => {
  const directory = t.testdir({ file: "" });
  await t.rejects(prepareStateDirectory(gatewayPaths(path.join(directory, "file"))), {
    code: "STATE_UNUSABLE",
    message: /state directory .*file cannot be used/,
    hint: /OPENCLAW_STATE_DIR/,
  });
  await t.rejects(prepareStateDirectory(gatewayPaths(path.join(directory, "file", "below"))), {
    code: "STATE_UNUSABLE",
  });
});
