import t from "tap";
import { neverArchived } from "./never-archived.js";
import { rawPath } from "./raw-path.js";

function matches(paths: readonly string[], path: string, type: "file" | "directory" = "file"): boolean {
  return neverArchived(paths)(rawPath(path), rawPath(path.slice(path.lastIndexOf("/") + 1)), type);
}

await t.test("a path is meant from the root on, by whole names", (t) => {
  t.ok(matches(["backups"], "backups", "directory"));
  t.ok(matches(["a/b"], "a/b"));
  t.notOk(matches(["backups"], "tenants/backups"));
  t.notOk(matches(["a/b"], "b"));
  t.notOk(matches(["a/b"], "c/b"));
  t.notOk(matches(["backups"], "backups2"));
  t.end();
});

await t.test("a slash at the end means a directory, a star any one name", (t) => {
  t.ok(matches(["pty/"], "pty", "directory"));
  t.notOk(matches(["pty/"], "pty"));
  t.ok(matches(["tenants/*/pty/"], "tenants/acme/pty", "directory"));
  t.notOk(matches(["tenants/*/pty/"], "tenants/acme/workspace/pty", "directory"));
  t.ok(matches(["tenants/*/pty/", "x/pty"], "x/pty"));
  t.notOk(matches([], "pty", "directory"));
  t.end();
});
