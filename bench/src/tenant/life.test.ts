import { generateTenant } from "@openclaw/test/support";
import Database from "better-sqlite3";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { filesBelow } from "./files.js";
import { TenantLife } from "./life.js";

const SCALE = { seed: 3, files: 260, bytes: 8_000_000 };

function tenants(t: Test, count: number): string[] {
  const root = t.testdir({ "1": {}, "2": {}, "3": {} });
  const directories = ["1", "2", "3"].slice(0, count).map((name) => join(root, name));
  for (const directory of directories) generateTenant(directory, SCALE);
  return directories;
}

function tenant(t: Test): string {
  return tenants(t, 1)[0] ?? "";
}

/** Path → hash of all files, and the rows of the database instead of its pages. */
function snapshot(directory: string): Map<string, string> {
  const hashes = new Map<string, string>();
  const files = filesBelow(directory, "sessions", "workspace", "usage", "channels", "credentials");
  for (const path of files) {
    hashes.set(
      path,
      createHash("sha256")
        .update(readFileSync(join(directory, path)))
        .digest("hex"),
    );
  }
  const database = new Database(join(directory, "memory/main.sqlite"), { readonly: true });
  const rows = database.prepare("SELECT source, text, embedding FROM chunks ORDER BY id").all();
  database.close();
  hashes.set("rows", createHash("sha256").update(JSON.stringify(rows)).digest("hex"));
  return hashes;
}

function rowsOf(directory: string): number {
  const database = new Database(join(directory, "memory/main.sqlite"), { readonly: true });
  const row = database.prepare<[], { count: number }>("SELECT count(*) AS count FROM chunks").get();
  database.close();
  return row?.count ?? 0;
}

t.test("the same seed lives the same days", (t) => {
  const [one = "", other = "", third = ""] = tenants(t, 3);
  const live = (directory: string, seed: number) => {
    const life = new TenantLife(directory, seed);
    return [life.day(), life.randomChanges(0.05), life.day()];
  };
  const changed = live(one, 9);
  t.same(live(other, 9), changed);
  t.same(snapshot(other), snapshot(one));
  live(third, 10);
  t.not(snapshot(third).get("rows"), snapshot(one).get("rows"));
  t.end();
});

t.test("a day changes what it says, and tells how much that was", (t) => {
  const directory = tenant(t);
  const before = snapshot(directory);
  const sizes = new Map(
    filesBelow(directory, "sessions").map((path) => [path, statSync(join(directory, path)).size]),
  );
  const rows = rowsOf(directory);
  const { bytes, compressedBytes } = new TenantLife(directory, 5).day();

  const after = snapshot(directory);
  const isNew = (path: string) => !before.has(path);
  const isChanged = (path: string) => before.has(path) && before.get(path) !== after.get(path);
  const below = (folder: string) => [...after.keys()].filter((path) => path.startsWith(`${folder}/`));
  t.equal(below("sessions").filter(isNew).length, 20);
  t.equal(below("workspace/media").filter(isNew).length, 10);
  const appended = below("sessions").filter(isChanged);
  t.equal(appended.length, Math.max(1, Math.round(sizes.size * 0.05)));
  t.ok(appended.every((path) => statSync(join(directory, path)).size > (sizes.get(path) ?? Infinity)));
  const edited = below("workspace/projects").filter(isChanged);
  t.ok(edited.length > 0 && edited.length <= 100);
  t.ok(new Set(edited.map((path) => path.split("/").slice(0, 5).join("/"))).size <= 3);
  t.equal(rowsOf(directory) - rows, Math.max(1, Math.round(rows * 0.01)));
  t.equal([...before.keys()].filter((path) => !after.has(path)).length, 0);

  const media = below("workspace/media")
    .filter(isNew)
    .reduce((sum, path) => sum + statSync(join(directory, path)).size, 0);
  t.ok(compressedBytes >= media, "media cannot be compressed");
  t.ok(bytes > compressedBytes);
  t.end();
});

t.test("random changes touch so many files, wherever they are", (t) => {
  const directory = tenant(t);
  const before = snapshot(directory);
  const changed = new TenantLife(directory, 6).randomChanges(0.1);
  const after = snapshot(directory);
  const edited = [...after].filter(([path, hash]) => before.get(path) !== hash).map(([path]) => path);
  const expected = Math.round((before.size - 1) * 0.1);
  t.ok(edited.length > expected - 5 && edited.length <= expected + 1, `${edited.length} of ${expected}`);
  t.equal(after.get("rows"), before.get("rows"));
  t.ok(changed.bytes > 0);
  t.end();
});
