/**
 * Putting single paths into a tenant's directory, and taking what stands there out, by rename. Which paths, stands in a
 * journal file before the first rename; what exists tells how far a swap came, because no place is used twice. Every
 * directory of the tenant is opened without following links. Synchronous, for worker threads.
 *
 *     in/<i>    what goes in     gone: it stands in the tenant
 *     out/<i>   what came out    there: it does not stand in the tenant any more
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
  fsyncSync,
} from "node:fs";
import { join } from "node:path";
import { BackupError } from "../../errors.js";
import {
  nameIn,
  nameOf,
  openDirectoryBelow,
  openRootDirectory,
  openSubdirectory,
  statIn,
} from "../confined.js";
import { parentPath, shownPath } from "../entry-name.js";
import { LinkSet, brokenTargetRule } from "../link-target.js";
import { joinRaw, rawPathBytes, rawPathFromBytes, type RawPath } from "../raw-path.js";
import { mayBeDatabase } from "../sqlite/protocol.js";
import { systemCode } from "../../system-error.js";

/** One path that is swapped. */
export interface SwappedPath {
  /** Relative to the tenant's directory. */
  readonly path: RawPath;
  /** Something goes in. */
  readonly in: boolean;
  /** Something stands there and comes out. */
  readonly out: boolean;
}

/** Where a swap's things are; absolute paths. */
export interface PathSwapPlace {
  /** The tenant's directory. */
  readonly live: string;
  /** Directory of what goes in, by number. */
  readonly in: string;
  /** Directory of what comes out, by number. */
  readonly out: string;
  /** The journal file. */
  readonly journal: string;
}

/** What stands beside a database, and belongs to the file that is replaced. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/**
 * Decides which paths have to be swapped for the tree `staged` to stand in the tenant at `at` ("": where its paths say):
 * whatever is no directory, and directories that the tenant does not have. Moves them to `place.in` and writes the journal.
 * A directory that both have stays, with its mode and what else is in it.
 *
 * Throws SLOT_TAKEN when `into` is there already, UNSAFE_ENTRY when a link would lead out of the tenant, and errors of the system.
 */
export function planPathSwap(
  staged: string,
  place: PathSwapPlace,
  into: RawPath | undefined,
): readonly SwappedPath[] {
  const live = openRootDirectory(place.live);
  try {
    mkdirSync(place.in, { recursive: true, mode: 0o700 });
    const plan = new PathSwapPlan(place.in);
    if (into === undefined) plan.merge(staged, live, "" as RawPath);
    else if (statBelow(live, into))
      throw new BackupError("SLOT_TAKEN", `The tenant has a "${shownPath(into)}" already.`, {
        hint: "Give a directory with --into that is not there yet.",
      });
    else plan.place(staged, into);
    refuseEscapingLinks(live, plan.links);
    writeJournal(place.journal, plan.paths);
    return plan.paths;
  } finally {
    closeSync(live);
  }
}

/** The swap that takes another one back: what came out goes in again. `place.in` is the other's `out`. */
export function planUndo(place: PathSwapPlace, undone: string): readonly SwappedPath[] {
  const live = openRootDirectory(place.live);
  try {
    const paths = readJournal(undone).map(({ path, out }) => ({
      path,
      in: out,
      out: statBelow(live, path),
    }));
    writeJournal(place.journal, paths);
    return paths;
  } finally {
    closeSync(live);
  }
}

/** Swaps, or goes on with a swap that was cut off. Throws IO_FAILED when something else stands where nothing should. */
export function swapPaths(place: PathSwapPlace): void {
  mkdirSync(place.out, { recursive: true, mode: 0o700 });
  forEachPath(place, ({ path, in: goesIn, out }, inside, outside, live) => {
    if (goesIn && !existsIn(inside)) return;
    if (out && !existsIn(outside)) renameIfThere(live, outside);
    if (!goesIn) return;
    if (existsIn(live))
      throw new BackupError("IO_FAILED", `Something has come to stand at ${shownPath(path)} meanwhile.`);
    renameSync(inside, live);
  });
}

/** Puts back whatever was swapped so far. */
export function takePathsBack(place: PathSwapPlace): void {
  mkdirSync(place.in, { recursive: true, mode: 0o700 });
  if (!existsSync(place.out)) return;
  forEachPath(place, ({ in: goesIn, out }, inside, outside, live) => {
    if (goesIn && !existsIn(inside)) renameIfThere(live, inside);
    if (out && existsIn(outside) && !existsIn(live)) renameSync(outside, live);
  });
}

export function readJournal(file: string): SwappedPath[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [path64 = "", goesIn, out] = line.split(" ");
      const path = rawPathFromBytes(Buffer.from(path64, "base64"));
      return { path, in: goesIn === "in", out: out === "out" };
    });
}

/** Durable when this returns. */
function writeJournal(file: string, paths: readonly SwappedPath[]): void {
  const lines = paths.map(
    ({ path, in: goesIn, out }) =>
      `${rawPathBytes(path).toString("base64")} ${goesIn ? "in" : "-"} ${out ? "out" : "-"}\n`,
  );
  const handle = openSync(file, "w", 0o600);
  try {
    writeFileSync(handle, lines.join(""));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

class PathSwapPlan {
  readonly paths: SwappedPath[] = [];
  /** Links that go in, by their place in the tenant. */
  readonly links = new Map<RawPath, RawPath>();
  readonly #in: string;

  constructor(into: string) {
    this.#in = into;
  }

  /** A whole staged tree, to stand where nothing stands. */
  place(staged: string, at: RawPath): void {
    this.#collectLinks(Buffer.from(staged), at);
    this.#add(Buffer.from(staged), { path: at, in: true, out: false });
  }

  /** What a staged directory holds, into a directory that the tenant has. */
  merge(staged: string, live: number, directory: RawPath): void {
    // An archived mode may forbid even us to take out what is in it.
    chmodSync(staged, 0o700);
    const handle = openRootDirectory(staged);
    try {
      this.#mergeInto(handle, live, directory);
    } finally {
      closeSync(handle);
    }
  }

  #mergeInto(staged: number, live: number, directory: RawPath): void {
    for (const name of namesIn(staged)) {
      const path = joinRaw(directory, name);
      const stats = lstatSync(nameIn(staged, name), { bigint: true });
      const standing = statIn(live, name);
      if (stats.isDirectory() && standing?.isDirectory() === true) {
        this.#mergeDirectory(staged, live, name, path);
        continue;
      }
      this.#collectLinks(nameIn(staged, name), path);
      // Of a database that is replaced, and of no use to another: SQLite would apply them to the new file.
      if (mayBeDatabase(stats)) this.#takeOutCompanions(staged, live, name, directory);
      this.#add(nameIn(staged, name), { path, in: true, out: standing !== undefined });
    }
  }

  #mergeDirectory(staged: number, live: number, name: RawPath, path: RawPath): void {
    chmodSync(nameIn(staged, name), 0o700);
    const from = openSubdirectory(staged, name);
    try {
      const into = openSubdirectory(live, name);
      try {
        this.#mergeInto(from, into, path);
      } finally {
        closeSync(into);
      }
    } finally {
      closeSync(from);
    }
  }

  #takeOutCompanions(staged: number, live: number, name: RawPath, directory: RawPath): void {
    for (const suffix of COMPANIONS) {
      const companion = `${name}${suffix}` as RawPath;
      if (statIn(live, companion)?.isFile() !== true || statIn(staged, companion) !== undefined) continue;
      this.paths.push({ path: joinRaw(directory, companion), in: false, out: true });
    }
  }

  #add(from: Buffer, path: SwappedPath): void {
    renameSync(from, join(this.#in, String(this.paths.length)));
    this.paths.push(path);
  }

  #collectLinks(entry: Buffer, path: RawPath): void {
    const stats = lstatSync(entry);
    if (stats.isSymbolicLink()) this.links.set(path, readLink(entry));
    if (!stats.isDirectory()) return;
    const mode = stats.mode & 0o777;
    for (const name of namesWithMode(entry, mode)) {
      this.#collectLinks(Buffer.concat([entry, Buffer.from("/"), rawPathBytes(name)]), joinRaw(path, name));
    }
  }
}

/**
 * The links that go in have passed the entry policy among the links of their archive. In the tenant they meet others, by
 * which they, or those, might lead out.
 */
function refuseEscapingLinks(live: number, incoming: ReadonlyMap<RawPath, RawPath>): void {
  if (incoming.size === 0) return;
  const root = "t" as RawPath;
  const before = new LinkSet(root);
  const after = new LinkSet(root);
  for (const [path, target] of linksBelow(live)) {
    // What leads out by itself is the tenant's own, and backups leave it out.
    if (brokenTargetRule(joinRaw(root, path), target, root) !== undefined) continue;
    before.add(joinRaw(root, path), target);
    if (!incoming.has(path)) after.add(joinRaw(root, path), target);
  }
  const led = new Set([...before.escaping()].map(({ path }) => path));
  for (const [path, target] of incoming) after.add(joinRaw(root, path), target);
  for (const { path } of after.escaping()) {
    const relative = path.slice(root.length + 1) as RawPath;
    if (led.has(path) && !incoming.has(relative)) continue;
    const entry = shownPath(relative);
    throw new BackupError(
      "UNSAFE_ENTRY",
      `With the links of the archive, "${entry}" would lead out of the tenant by way of another link.`,
      { details: { entry, rule: "link leaves the root through another link" } },
    );
  }
}

/** Every symlink below an open directory. */
function* linksBelow(
  directory: number,
  path = "" as RawPath,
): Generator<[RawPath, RawPath], void, undefined> {
  for (const name of namesIn(directory)) {
    const stats = statIn(directory, name);
    const child = joinRaw(path, name);
    if (stats?.isSymbolicLink() === true) yield [child, readLink(nameIn(directory, name))];
    if (stats?.isDirectory() !== true) continue;
    const handle = openSubdirectory(directory, name);
    try {
      yield* linksBelow(handle, child);
    } finally {
      closeSync(handle);
    }
  }
}

function namesIn(directory: number): RawPath[] {
  return readdirSync(nameOf(directory), { encoding: "buffer" }).map(rawPathFromBytes);
}

/** Of a directory that its mode may forbid us to list; it gets its mode back. */
function namesWithMode(directory: Buffer, mode: number): RawPath[] {
  chmodSync(directory, 0o700);
  const names = readdirSync(directory, { encoding: "buffer" }).map(rawPathFromBytes);
  chmodSync(directory, mode);
  return names;
}

function readLink(entry: Buffer): RawPath {
  return rawPathFromBytes(readlinkSync(entry, { encoding: "buffer" }));
}

/** Calls `work` for each path of the journal with the names of its places; missing parents in the tenant are made. */
function forEachPath(
  place: PathSwapPlace,
  work: (path: SwappedPath, inside: string, outside: string, live: Buffer) => void,
): void {
  const root = openRootDirectory(place.live);
  try {
    for (const [number, path] of readJournal(place.journal).entries()) {
      const parent = openOrMake(root, parentPath(path.path));
      try {
        const name = path.path.slice(path.path.lastIndexOf("/") + 1) as RawPath;
        work(path, join(place.in, String(number)), join(place.out, String(number)), nameIn(parent, name));
      } finally {
        closeSync(parent);
      }
    }
  } finally {
    closeSync(root);
  }
}

function openOrMake(root: number, path: RawPath): number {
  try {
    return openDirectoryBelow(root, path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  const above = openOrMake(root, parentPath(path));
  try {
    mkdirSync(nameIn(above, path.slice(path.lastIndexOf("/") + 1) as RawPath), 0o700);
  } finally {
    closeSync(above);
  }
  return openDirectoryBelow(root, path);
}

function statBelow(root: number, path: RawPath): boolean {
  try {
    const parent = openDirectoryBelow(root, parentPath(path));
    try {
      return statIn(parent, path.slice(path.lastIndexOf("/") + 1) as RawPath) !== undefined;
    } finally {
      closeSync(parent);
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

function existsIn(entry: string | Buffer): boolean {
  return lstatSync(entry, { throwIfNoEntry: false }) !== undefined;
}

function renameIfThere(from: string | Buffer, to: string): void {
  if (existsIn(from)) renameSync(from, to);
}
