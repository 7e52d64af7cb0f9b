import type { BigIntStats } from "node:fs";
import type { ObjectInfo } from "../store.js";

/** `etag` changes with every change that the file system can show: another file, other content, another name. */
export function fileInfo(key: string, stats: BigIntStats): ObjectInfo {
  const identity = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs];
  return {
    key,
    size: Number(stats.size),
    etag: identity.map((value) => value.toString(16)).join("-"),
    modifiedAt: stats.mtime,
  };
}
