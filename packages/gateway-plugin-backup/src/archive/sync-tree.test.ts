import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { GrowingTree, syncTree } from "./sync-tree.js";
import { stagingDirectory } from "./testing/staging.js";

function program(directory: string, script: string): string {
  const path = join(directory, "sync");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return path;
}

function tree(directory: string): string {
  mkdirSync(join(directory, "tree/d"), { recursive: true });
  writeFileSync(join(directory, "tree/d/f"), "content");
  symlinkSync("nowhere", join(directory, "tree/link"));
  return join(directory, "tree");
}

t.test("a tree is synced by the command", async (t) => {
  await t.resolves(syncTree(tree(stagingDirectory(t))));
});

t.test("without the command, or its option, file by file", async (t) => {
  const directory = stagingDirectory(t);
  await t.resolves(syncTree(tree(directory), join(directory, "missing")));
  const old = program(directory, "echo \"sync: invalid option -- 'f'\" >&2; exit 1");
  await t.resolves(syncTree(join(directory, "tree"), old));
  await t.rejects(syncTree(join(directory, "nothing"), old), { code: "IO_FAILED", message: /nothing/ });
});

t.test("a write error of the disk is never passed over", async (t) => {
  const directory = stagingDirectory(t);
  const failing = program(directory, "echo 'sync: error syncing: Input/output error' >&2; exit 1");
  await t.rejects(syncTree(tree(directory), failing), {
    code: "IO_FAILED",
    message: /tree.*Input\/output error/,
  });
  await t.rejects(syncTree(join(directory, "tree"), join(directory, "tree/d/f")), {
    code: "IO_FAILED",
    message: /EACCES/,
  });
  await t.rejects(syncTree(join(directory, "tree"), program(directory, "kill -9 $$")), {
    code: "IO_FAILED",
    message: /SIGKILL/,
  });
});

const GROWTH = 256 * 1024 * 1024;

t.test("a tree that grows is brought to the disk on the way, once at a time", async (t) => {
  const directory = stagingDirectory(t);
  const log = join(directory, "log");
  const growing = new GrowingTree(tree(directory), program(directory, `echo "$@" >> ${log}`));
  growing.grown(GROWTH - 1);
  await growing.settled();
  t.notOk(existsSync(log));
  growing.grown(GROWTH);
  growing.grown(3 * GROWTH);
  await growing.settled();
  growing.grown(2 * GROWTH - 1);
  growing.grown(2 * GROWTH);
  await growing.settled();
  t.equal(readFileSync(log, "utf8"), `-f ${join(directory, "tree")}\n`.repeat(2));
});

t.test("a write error on the way is not forgotten", async (t) => {
  const directory = stagingDirectory(t);
  // The kernel reports it once.
  const once = `[ -e ${directory}/told ] || { touch ${directory}/told; echo 'Input/output error' >&2; exit 1; }`;
  const growing = new GrowingTree(tree(directory), program(directory, once));
  growing.grown(GROWTH);
  const error = { code: "IO_FAILED", message: /tree.*Input\/output error/ };
  await t.rejects(growing.settled(), error);
  growing.grown(2 * GROWTH);
  await t.rejects(growing.settled(), error);
});

t.test("without the command a tree grows unsynced", async (t) => {
  const directory = stagingDirectory(t);
  const growing = new GrowingTree(tree(directory), join(directory, "sync"));
  growing.grown(GROWTH);
  await t.resolves(growing.settled());
  const log = join(directory, "log");
  program(directory, `echo "$@" >> ${log}`);
  growing.grown(9 * GROWTH);
  await growing.settled();
  t.notOk(existsSync(log));
});
