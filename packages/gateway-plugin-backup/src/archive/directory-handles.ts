import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { joinRaw, type RawPath } from "./raw-path.js";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Open directories kept at once. Entries come in path order, so that a handful would do. */
const OPEN_MAX = 64;

/**
 * Directories of one tree, each reached through the descriptor of its parent. Node has no `openat`; a name below
 * `/proc/self/fd/N` is the same thing: no component but the last is ever looked up by path, so nothing that changes in
 * the tree meanwhile can lead elsewhere.
 */
export class DirectoryHandles {
  readonly #root: number;
  /** By path below the root, least recently used first. */
  readonly #open = new Map<RawPath, number>();

  constructor(root: string) {
    this.#root = openSync(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }

  /** A name for the entry at `path`, to be used at once; missing parents are made, with mode 0700. */
  entry(path: RawPath): Buffer {
    const { parent, name } = splitPath(path);
    return handleName(this.directory(parent), name);
  }

  /** The descriptor of a directory, to be used at once; it and its parents are made where missing. */
  directory(path: RawPath): number {
    if (path === "") return this.#root;
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    return this.#openBelowNearest(path);
  }

  /** Walks down from the nearest open ancestor: paths may be 2,000 components deep, too deep to recurse politely. */
  #openBelowNearest(path: RawPath): number {
    const missing: RawPath[] = [];
    let ancestor = path;
    let handle = this.#open.get(ancestor);
    while (handle === undefined) {
      const { parent, name } = splitPath(ancestor);
      missing.push(name);
      ancestor = parent;
      handle = ancestor === "" ? this.#root : this.#open.get(ancestor);
    }
    for (const name of missing.reverse()) {
      ancestor = joinRaw(ancestor, name);
      handle = openOrMake(handleName(handle, name));
      this.#keep(ancestor, handle);
    }
    return handle;
  }

  #keep(path: RawPath, handle: number): void {
    this.#open.set(path, handle);
    for (const [oldest, oldHandle] of this.#open) {
      if (this.#open.size <= OPEN_MAX) break;
      this.#open.delete(oldest);
      closeSync(oldHandle);
    }
  }

  close(): void {
    for (const handle of this.#open.values()) closeSync(handle);
    this.#open.clear();
    closeSync(this.#root);
  }
}

function openOrMake(name: Buffer): number {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  try {
    return openSync(name, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  mkdirSync(name, 0o700);
  return openSync(name, flags);
}

function handleName(directory: number, name: RawPath): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, "latin1");
}

function splitPath(path: RawPath): { parent: RawPath; name: RawPath } {
  const slash = path.lastIndexOf("/");
  return { parent: path.slice(0, Math.max(slash, 0)) as RawPath, name: path.slice(slash + 1) as RawPath };
}
