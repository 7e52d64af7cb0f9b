/** Compares two directory trees, independently of the code under test. */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { run } from "./run.js";

export type Aspect = "only-left" | "only-right" | "type" | "size" | "content" | "mode" | "mtime" | "target";

export interface Difference {
  /** Relative to the roots; each character is one byte, so that any name can be told. */
  readonly path: string;
  readonly aspect: Aspect;
  readonly left: string;
  readonly right: string;
}

/**
 * Node sets file times through a double of seconds, which holds about 240 ns of today's dates: times that are nearer than
 * this count as equal.
 */
const MTIME_TOLERANCE_NS = 1000n;

/** Differences of type, content, mode, mtime (of files and directories) and link target, sorted by path. */
export function diffTrees(left: string, right: string): Difference[] {
  const differences: Difference[] = [];
  diffDirectories(Buffer.from(left), Buffer.from(right), "", differences);
  compareMeta("", stat(Buffer.from(left)), stat(Buffer.from(right)), differences);
  return differences.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** One line a difference, for messages. */
export function describeDifferences(differences: readonly Difference[]): string {
  return differences
    .map(({ path, aspect, left, right }) => `${JSON.stringify(path)}: ${aspect} ${left} | ${right}`)
    .join("\n");
}

/** What `diff -r --no-dereference` prints, line by line: nothing when it finds the trees alike. */
export async function standardDiff(left: string, right: string): Promise<string[]> {
  const result = await run("diff", ["-r", "--no-dereference", "--brief", left, right], {
    env: { LC_ALL: "C", PATH: process.env["PATH"] },
  });
  if (result.code !== 0 && result.code !== 1)
    throw new Error(`diff ended with ${result.code}: ${result.stderr}`);
  return result.stdout.split("\n").filter((line) => line !== "");
}

function diffDirectories(left: Buffer, right: Buffer, prefix: string, differences: Difference[]): void {
  const rightNames = new Set(names(right));
  for (const name of names(left)) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    if (rightNames.delete(name)) diffEntries(join(left, name), join(right, name), path, differences);
    else differences.push({ path, aspect: "only-left", left: typeOf(stat(join(left, name))), right: "-" });
  }
  for (const name of rightNames) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    differences.push({ path, aspect: "only-right", left: "-", right: typeOf(stat(join(right, name))) });
  }
}

function diffEntries(left: Buffer, right: Buffer, path: string, differences: Difference[]): void {
  const leftStat = stat(left);
  const rightStat = stat(right);
  const type = typeOf(leftStat);
  if (type !== typeOf(rightStat)) {
    differences.push({ path, aspect: "type", left: type, right: typeOf(rightStat) });
    return;
  }
  if (type === "directory") diffDirectories(left, right, path, differences);
  if (type === "symlink") {
    const targets = { left: readlinkSync(left, "latin1"), right: readlinkSync(right, "latin1") };
    if (targets.left !== targets.right) differences.push({ path, aspect: "target", ...targets });
    // The mode of a link is always 0777, and its time is nobody's business.
    return;
  }
  if (type === "file") {
    if (leftStat.size !== rightStat.size) {
      differences.push({ path, aspect: "size", left: `${leftStat.size}`, right: `${rightStat.size}` });
    } else {
      const hashes = { left: sha256(left), right: sha256(right) };
      if (hashes.left !== hashes.right) differences.push({ path, aspect: "content", ...hashes });
    }
  }
  compareMeta(path, leftStat, rightStat, differences);
}

function compareMeta(path: string, left: BigIntStats, right: BigIntStats, differences: Difference[]): void {
  const modes = { left: (left.mode & 0o7777n).toString(8), right: (right.mode & 0o7777n).toString(8) };
  if (modes.left !== modes.right) differences.push({ path, aspect: "mode", ...modes });
  const apart = left.mtimeNs > right.mtimeNs ? left.mtimeNs - right.mtimeNs : right.mtimeNs - left.mtimeNs;
  if (apart >= MTIME_TOLERANCE_NS) {
    differences.push({ path, aspect: "mtime", left: `${left.mtimeNs}`, right: `${right.mtimeNs}` });
  }
}

function names(directory: Buffer): string[] {
  return readdirSync(directory, "latin1").sort();
}

function join(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), Buffer.from(name, "latin1")]);
}

function stat(path: Buffer): BigIntStats {
  return lstatSync(path, { bigint: true });
}

function typeOf(stats: BigIntStats): string {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "symlink" : "special";
}

function sha256(path: Buffer): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const descriptor = openSync(path, "r");
  try {
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest("hex");
}
