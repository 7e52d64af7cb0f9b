/** A tenant's tree of what can lie in a directory on Linux and is seldom thought of. All of it below `workspace/tree`. */
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface OddTree {
  /** Relative to the tenant's directory: archived as they are. */
  readonly escapingLinks: readonly string[];
  readonly specialFiles: readonly string[];
  /** Links that are stored with another target than they have: path → the stored one. */
  readonly rewrittenLinks: ReadonlyMap<string, string>;
  readonly sparseBytes: number;
}

const FOLDER = "workspace/tree";
const LEVELS = 1000;
const SPARSE_BYTES = 64 * 1024 ** 2;
/** Of a path relative to the tenant's directory. */
const LONG_PATH_BYTES = 4000;

/** @param entriesInOne Files of a few bytes in one directory. */
export function writeOddTree(tenant: string, entriesInOne: number): OddTree {
  const at = (path: string): string => join(tenant, FOLDER, path);
  mkdirSync(at("many"), { recursive: true });
  for (let i = 0; i < entriesInOne; i++) writeFileSync(at(`many/${i}`), i % 10 === 0 ? "" : String(i));
  mkdirSync(at(`levels/${"d/".repeat(LEVELS)}`), { recursive: true });
  writeFileSync(at(`levels/${"d/".repeat(LEVELS)}bottom`), "deep");
  writeFileSync(at("levels/d/d/after"), "behind the deep directory");
  writeLongPath(at("long"), LONG_PATH_BYTES - `${FOLDER}/long`.length);

  for (const name of ["Makefile", "makefile", "MAKEFILE", "Maße", "MASSE"]) writeFileSync(at(name), name);
  writeFileSync(at("sparse"), "");
  truncateSync(at("sparse"), SPARSE_BYTES);
  writeFileSync(at("linked"), "one file, three names");
  linkSync(at("linked"), at("linked-2"));
  linkSync(at("linked"), at("levels/linked-3"));
  for (const [name, seconds] of [
    ["future", Date.UTC(2100, 0, 1) / 1000],
    // Beyond what an octal field of a tar header holds, 8^11 - 1 seconds.
    ["far-future", Date.UTC(2300, 0, 1) / 1000],
    ["past", Date.UTC(1912, 0, 1) / 1000],
  ] as const) {
    writeFileSync(at(name), name);
    utimesSync(at(name), seconds, seconds);
  }

  mkdirSync(at("links"));
  for (const [name, target] of [
    ["inside", "../linked"],
    ["to-directory", "../many"],
    ["through-another", "to-directory/1"],
    ["through-and-up", "to-directory/../linked"],
    ["dangling", "../nothing/here"],
    ["loop-a", "loop-b"],
    ["loop-b", "loop-a"],
    ["itself", "itself"],
    ["here", "."],
    ["not-text\n", "new\nline"],
  ] as const) {
    symlinkSync(target, at(`links/${name}`));
  }
  const outside = { absolute: "/etc/passwd", climbing: "../../../../other/secret", parent: "../../../.." };
  for (const [name, target] of Object.entries(outside)) symlinkSync(target, at(`links/${name}`));
  symlinkSync(join(tenant, "sessions"), at("links/absolute-inside"));

  run("mkfifo", at("fifo"));
  run("python3", "-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", at("socket"));
  return {
    escapingLinks: Object.keys(outside).map((name) => `${FOLDER}/links/${name}`),
    specialFiles: ["fifo", "socket"].map((name) => `${FOLDER}/${name}`),
    rewrittenLinks: new Map([[`${FOLDER}/links/absolute-inside`, "../../../sessions"]]),
    sparseBytes: SPARSE_BYTES,
  };
}

/** A file whose path below `directory` is so many bytes long, in names of up to 255 bytes. */
function writeLongPath(directory: string, bytes: number): void {
  let path = directory;
  let left = bytes;
  for (; left > 256; left -= 251) path += `/${"n".repeat(250)}`;
  mkdirSync(path, { recursive: true });
  writeFileSync(`${path}/${"f".repeat(left - 1)}`, "far away");
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
}
