import { existsSync, mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { CheckFinding } from "../check/report.js";
import type { Leftover } from "../store.js";
import { checkDirectory } from "./check.js";
import { systemCalls, type FileCalls } from "./file-upload.js";

function bench(t: Test, calls: Partial<FileCalls> = {}) {
  const root = t.testdir({ root: { below: {} } });
  const noted = new Set<string>();
  const options = {
    onLeftover: (leftover: Leftover) => {
      noted.add(JSON.stringify(leftover));
      return Promise.resolve();
    },
    onGone: (leftover: Leftover) => void noted.delete(JSON.stringify(leftover)),
    onStep: () => undefined,
    signal: new AbortController().signal,
    now: () => 0,
  };
  const roots = [join(root, "root")];
  const check = (path: string, state = root) =>
    checkDirectory({ kind: "local", roots }, { path, state }, options, { ...systemCalls, ...calls });
  return { root: join(root, "root"), noted, check };
}

function outcomes(findings: readonly CheckFinding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ what, outcome }) => [what, outcome]));
}

t.test("a directory is told by what can be done in it, and stays as it was", async (t) => {
  const { root, check, noted } = bench(t);
  const { findings, speed, leftBehind } = await check(join(root, "below"), "/proc");
  t.match(outcomes(findings), {
    write: "ok",
    read: "ok",
    durability: "ok",
    freeSpace: "info",
    fileSystem: "ok",
    overwriteGuard: "ok",
    names: "ok",
  });
  t.type(speed?.writeBytesPerSecond, "number");
  t.strictSame([leftBehind, noted.size, readdirSync(join(root, "below"))], [[], 0, []]);
});

t.test("what is missing of a directory is made, and removed again", async (t) => {
  const { root, check } = bench(t);
  const { findings } = await check(join(root, "new/deep"));
  t.match(outcomes(findings), { write: "ok", fileSystem: "lacking" });
  t.notOk(existsSync(join(root, "new")));
});

t.test("a directory outside the local roots is refused", async (t) => {
  const { check } = bench(t);
  await t.rejects(check("/proc/self"), { code: "PATH_NOT_ALLOWED", exitCode: 5 });
});

t.test("a file system without hard links guards less, and one that forgets capitals says so", async (t) => {
  const none = Object.assign(new Error("no links"), { code: "EPERM" });
  const { root, check } = bench(t, {
    link: () => {
      throw none;
    },
    // The other spelling leads to the same file.
    fsync: (fd) => {
      const [name = ""] = readdirSync(join(root, "below"));
      if (name !== "" && name !== name.toUpperCase())
        systemCalls.link(join(root, "below", name), join(root, "below", name.toUpperCase()));
      systemCalls.fsync(fd);
    },
  });
  const { findings } = await check(join(root, "below"));
  t.match(outcomes(findings), { overwriteGuard: "lacking", names: "lacking" });
});

t.test("a disk that keeps other bytes than it was given fails", async (t) => {
  const { root, check } = bench(t, {
    write: (fd, chunk, offset) => systemCalls.write(fd, Buffer.alloc(chunk.length), offset),
  });
  t.match(outcomes((await check(join(root, "below"))).findings), { read: "failed" });
});

t.test("a file that cannot be removed stays noted", async (t) => {
  const { root, check, noted } = bench(t, {
    link: (from, to) => {
      systemCalls.link(from, to);
      // A directory in the place of the file is not removed as one.
      unlinkSync(from);
      mkdirSync(from);
    },
  });
  await check(join(root, "below"));
  t.equal(noted.size, 1);
});

t.test("a full disk says so, and nothing stays", async (t) => {
  const { root, check, noted } = bench(t, {
    write: () => {
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    },
  });
  await t.rejects(check(join(root, "below")), { code: "DISK_FULL" });
  t.strictSame([noted.size, readdirSync(join(root, "below"))], [0, []]);
});

t.test("a file system that is read-only is one that denies", async (t) => {
  const { root, check } = bench(t, {
    open: () => {
      throw Object.assign(new Error("read-only"), { code: "EROFS" });
    },
  });
  await t.rejects(check(join(root, "below")), { code: "STORE_DENIED", exitCode: 5, hint: /writable/ });
});
