/** Puts a point before each call of node:fs that touches what belongs to the gateway. */
import { createRequire, syncBuiltinESMExports } from "node:module";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { classOf, pathOf } from "./points.js";
import type { Control } from "./control.js";
import type { AgentSettings } from "./settings.js";
import { strike } from "./strike.js";

type Call = (this: unknown, ...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

/** Calls with one path or descriptor, by how they are named in a point. */
const ON_ONE: Readonly<Record<string, string>> = {
  read: "read",
  write: "write",
  fsync: "fsync",
  fstat: "stat",
  lstat: "stat",
  stat: "stat",
  readdir: "readdir",
  mkdir: "mkdir",
  rmdir: "rmdir",
  unlink: "unlink",
  rm: "rm",
  chmod: "chmod",
  fchmod: "chmod",
  utimes: "utimes",
  futimes: "utimes",
  lutimes: "utimes",
  readFile: "read",
  writeFile: "create",
  statfs: "statfs",
};
/** Calls from one path to another. */
const ON_TWO: readonly string[] = ["rename", "link"];
/** What a handle of node:fs/promises can do, as {@link ON_ONE}. */
const ON_HANDLE: Readonly<Record<string, string>> = {
  sync: "fsync",
  writeFile: "write",
  readFile: "read",
  stat: "stat",
};

export async function patchFileSystem(settings: AgentSettings, control: Control): Promise<void> {
  // The CommonJS face of the module is the one that can be changed.
  const require = createRequire(import.meta.url);
  const fs = require("node:fs") as Calls & { readonly promises: Calls };
  const { promises } = fs;
  const handle = await (promises["open"] as (path: string) => Promise<FileHandle>)("/dev/null");
  await handle.close();
  const prototype = Object.getPrototypeOf(handle) as Calls;

  const nameOne = (operation: string) => (argument: unknown) => {
    const path = pathOf(argument);
    const role = path === undefined ? undefined : classOf(path, settings);
    return role === undefined ? undefined : { point: `${operation} ${role}`, path: path ?? "" };
  };
  const nameTwo = (operation: string) => (from: unknown, to: unknown) => {
    const [left, right] = [nameOne("")(from), nameOne("")(to)];
    return left && right && { point: `${operation}${left.point} →${right.point}`, path: left.path };
  };
  const nameOpen = (path: unknown, flags: unknown) => nameOne(writes(flags) ? "create" : "open")(path);
  const nameSymlink = (_target: unknown, path: unknown) => nameOne("symlink")(path);
  const nameHandle = (operation: string) =>
    function (this: unknown) {
      return nameOne(operation)((this as FileHandle).fd);
    };

  const before = (calls: Calls, key: string, syscall: string, name: Namer, isPromise: boolean): void => {
    const original = calls[key];
    if (original === undefined) throw new Error(`node:fs has no ${key}`);
    const failureOf = (self: unknown, args: unknown[]): Error | undefined => {
      const call = name.apply(self, args);
      const fault = call && control.pass(call.point);
      return call === undefined || fault === undefined
        ? undefined
        : strike(fault, { syscall, path: call.path });
    };
    calls[key] = function (this: unknown, ...args) {
      const failure = failureOf(this, args);
      if (failure === undefined) return original.apply(this, args);
      if (isPromise) return Promise.reject(failure);
      throw failure;
    };
  };
  const names: Record<string, Namer> = { open: nameOpen, symlink: nameSymlink };
  for (const [call, operation] of Object.entries(ON_ONE)) names[call] = nameOne(operation);
  for (const call of ON_TWO) names[call] = nameTwo(call);
  for (const [call, name] of Object.entries(names)) {
    if (`${call}Sync` in fs) before(fs, `${call}Sync`, call, name, false);
    if (call in promises) before(promises, call, call, name, true);
  }
  for (const [call, operation] of Object.entries(ON_HANDLE))
    before(prototype, call, operation, nameHandle(operation), true);
  syncBuiltinESMExports();
}

type Namer = (
  this: unknown,
  ...args: unknown[]
) => { readonly point: string; readonly path: string } | undefined;

function writes(flags: unknown): boolean {
  if (typeof flags === "number")
    return (flags & (constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT)) !== 0;
  return typeof flags === "string" && /[wa+]/.test(flags);
}
