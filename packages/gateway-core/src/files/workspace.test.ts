import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Test } from "tap";
import t from "tap";
import type { TenantQuotas } from "../plugin/host.js";
import { gatewayPaths, prepareStateDirectory } from "../state/directory.js";
import { TenantDisk } from "../tenants/disk.js";
import { newTenantRecord } from "../tenants/record.js";
import { TenantUsage } from "./usage.js";
import { parseWorkspacePath } from "./workspace-path.js";
import { Workspace } from "./workspace.js";

async function setUp(t: Test, quotas: TenantQuotas = {}) {
  const paths = gatewayPaths(t.testdir());
  await prepareStateDirectory(paths);
  const disk = new TenantDisk(paths);
  const tenant = { ...newTenantRecord("acme", "a".repeat(64), { now: () => 0 }), quotas };
  await disk.create(tenant);
  const usage = new TenantUsage({ now: () => 0 });
  const workspace = new Workspace({ disk, usage, maxUploadBytes: 1000 });
  const directory = path.join(disk.directory("acme"), "workspace");
  return {
    paths,
    directory,
    put: (file: string, content: string | Readable, announcedBytes?: number) =>
      workspace.put(
        tenant,
        parseWorkspacePath(file),
        typeof content === "string" ? Readable.from([Buffer.from(content)]) : content,
        announcedBytes,
      ),
    get: (file: string, page = { limit: 100 }) => workspace.get(tenant, parseWorkspacePath(file), page),
    text: async (file: string) => {
      const found = await workspace.get(tenant, parseWorkspacePath(file), { limit: 100 });
      if (found.kind !== "file") throw new Error("a directory");
      return (await buffer(found.content)).toString();
    },
    delete: (file: string) => workspace.delete(tenant, parseWorkspacePath(file)),
    leftovers: () => readdir(paths.staging),
  };
}

t.test("a file is written with the directories above it, replaced, read and deleted", async (t) => {
  const { put, text, directory, ...files } = await setUp(t);
  t.equal(await put("a/b/c.txt", "one"), "created");
  t.equal(await put("a/b/c.txt", "two"), "replaced");
  t.equal(await text("a/b/c.txt"), "two");
  t.equal((await stat(path.join(directory, "a/b/c.txt"))).mode & 0o777, 0o600);
  t.equal((await stat(path.join(directory, "a/b"))).mode & 0o777, 0o700);
  await files.delete("a/b/c.txt");
  await files.delete("a/b");
  await t.rejects(text("a/b/c.txt"), { code: "NOT_FOUND", message: /workspace\/a\/b/ });
  t.equal(await put("empty", Readable.from([])), "created");
  t.equal(await text("empty"), "");
  t.same(await files.leftovers(), []);
});

t.test("names keep backslashes, spaces and letters of all scripts", async (t) => {
  const { put, text, directory } = await setUp(t);
  for (const name of ["a\\..\\b", "…", " x ", "日本", "-rf", "%2e%2e"]) {
    await put(name, name);
    t.equal(await text(name), name);
  }
  t.equal((await readdir(directory)).length, 6);
});

t.test("a directory is listed in order, page by page, and links and special files are told", async (t) => {
  const { put, get, directory } = await setUp(t);
  await put("b", "12");
  await put("a/x", "");
  await symlink("/etc", path.join(directory, "c"));
  execFileSync("mkfifo", [path.join(directory, "d")]);
  t.match(await get(""), {
    kind: "directory",
    entries: [
      { name: "a", type: "directory", size: 0, mtime: /Z$/ },
      { name: "b", type: "file", size: 2 },
      { name: "c", type: "link", size: 0 },
      { name: "d", type: "other", size: 0 },
    ],
  });
  t.match(await get("", { limit: 2 }), { entries: [{ name: "a" }, { name: "b" }], next: "b" });
  const last = await get("", { limit: 2, ...{ after: "b" } });
  t.match(last, { entries: [{ name: "c" }, { name: "d" }] });
  t.notOk("next" in last);
  t.match(await get("a/"), { kind: "directory", entries: [{ name: "x" }] });
});

t.test("no link is followed, in the middle or at the end", async (t) => {
  const { put, get, directory, paths, ...files } = await setUp(t);
  const outside = path.join(paths.root, "outside");
  await mkdir(outside);
  await writeFile(path.join(outside, "secret"), "secret");
  await symlink(outside, path.join(directory, "up"));
  await symlink(path.join(outside, "secret"), path.join(directory, "file"));
  await symlink("nowhere", path.join(directory, "dangling"));
  const refused = { code: "PATH_NOT_ALLOWED", message: /is a link/ };
  await t.rejects(get("up"), refused);
  await t.rejects(get("up/secret"), refused);
  await t.rejects(get("file"), refused);
  await t.rejects(get("dangling"), refused);
  await t.rejects(put("up/secret", "x"), refused);
  await t.rejects(put("up/new/file", "x"), refused);
  await t.rejects(files.delete("up/secret"), refused);

  t.equal(await put("file", "mine"), "replaced", "a link is replaced, not written through");
  await files.delete("up");
  t.same(await readdir(outside), ["secret"]);
  t.equal(await readFile(path.join(outside, "secret"), "utf8"), "secret");
  t.equal(await readlink(path.join(directory, "dangling")), "nowhere");
});

t.test("a workspace that is itself a link is not entered", async (t) => {
  const { put, get, directory } = await setUp(t);
  await rm(directory, { recursive: true });
  await symlink("../../..", directory);
  await t.rejects(get(""), { code: "PATH_NOT_ALLOWED" });
  await t.rejects(put("x", "x"), { code: "PATH_NOT_ALLOWED" });
});

t.test("a parent that is swapped for a link during the upload leads nowhere", async (t) => {
  const { put, directory, paths, leftovers } = await setUp(t);
  await put("dir/first", "x");
  const outside = path.join(paths.root, "outside");
  await mkdir(outside);
  const content = Readable.from(
    (async function* () {
      yield Buffer.from("part");
      await rename(path.join(directory, "dir"), path.join(directory, "moved"));
      await symlink(outside, path.join(directory, "dir"));
    })(),
  );
  await t.rejects(put("dir/second", content), { code: "PATH_NOT_ALLOWED" });
  t.same(await readdir(outside), []);
  t.same(await leftovers(), []);
});

t.test("files and directories are not taken for each other", async (t) => {
  const { put, get, ...files } = await setUp(t);
  await put("dir/file", "x");
  const conflict = { code: "FILE_CONFLICT", exitCode: 4 };
  await t.rejects(put("dir", "x"), conflict);
  await t.rejects(put("dir/file/below", "x"), conflict);
  await t.rejects(get("dir/file/below"), conflict);
  await t.rejects(get("dir/file/"), conflict);
  await t.rejects(files.delete("dir/file/"), conflict);
  await t.rejects(files.delete("dir"), { ...conflict, message: /not empty/ });
  await t.rejects(files.delete(""), { code: "PATH_NOT_ALLOWED" });
  await t.rejects(put("dir/new/", "x"), { code: "PATH_NOT_ALLOWED" });
  await t.rejects(files.delete("missing"), { code: "NOT_FOUND" });
});

t.test("a FIFO or a socket is refused and blocks nothing", async (t) => {
  const { get, directory } = await setUp(t);
  execFileSync("mkfifo", [path.join(directory, "fifo")]);
  await t.rejects(get("fifo"), { code: "PATH_NOT_ALLOWED", message: /not a regular file/ });
});

t.test("an upload that is too large or breaks off leaves what was there", async (t) => {
  const { put, text, leftovers, directory } = await setUp(t);
  await put("file", "old");
  await t.rejects(put("file", "x".repeat(1001)), { code: "BODY_TOO_LARGE", status: 413 });
  const broken = Readable.from(
    (function* () {
      yield Buffer.from("part");
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    })(),
  );
  await t.rejects(put("new/file", broken), { code: "REQUEST_INVALID", message: /broke off/ });
  t.equal(await text("file"), "old");
  t.same(await readdir(directory), ["file"], "not even its directories");
  t.same(await leftovers(), []);
});

t.test("a quota counts the whole tenant, parallel uploads included", async (t) => {
  const { put, text, directory, leftovers, ...files } = await setUp(t, { bytes: 1000 });
  await writeFile(path.join(directory, "..", "memory", "notes"), randomBytes(200));
  await put("a", "x".repeat(300));
  const both = await Promise.allSettled([put("b", "x".repeat(200)), put("c", "x".repeat(200))]);
  t.same(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  t.match(
    both.find(({ status }) => status === "rejected"),
    { reason: { code: "QUOTA_EXCEEDED", details: { quota: "bytes", limit: 1000 } } },
  );
  await put("a", "y".repeat(290));
  t.equal(await text("a"), "y".repeat(290), "replacing a file counts the difference");
  await files.delete("a");
  await put("d", "x".repeat(250));
  t.same(await leftovers(), []);
});

t.test("an announced size is counted once, and refused before anything is read", async (t) => {
  const { put, leftovers } = await setUp(t, { bytes: 900 });
  const unread = new Readable({
    read: () => {
      throw new Error("was read");
    },
  });
  await t.rejects(put("a", unread, 800), { code: "QUOTA_EXCEEDED" });
  await t.rejects(put("a", unread, 1001), { code: "BODY_TOO_LARGE" });
  await put("a", "x".repeat(300), 300);
  await put("b", "x".repeat(300), 300);
  t.same(await leftovers(), []);
});

t.test("a quota of entries counts directories that are made on the way", async (t) => {
  // Nine standard directories and tenant.json are there.
  const { put } = await setUp(t, { entries: 13 });
  await put("a/b", "x");
  await t.rejects(put("c/d", "x"), { code: "QUOTA_EXCEEDED", details: { quota: "entries" } });
  await put("c", "x");
  await t.rejects(put("d", "x"), { code: "QUOTA_EXCEEDED" });
});
