/**
 * The directories from the tenant's own down to the one that the walk is in, each reached through the handle of its
 * parent. Only the deepest keep their handles, so that a tree of any depth needs few; a directory that the walk comes
 * back to is opened again from the nearest ancestor that is open, and must be the one it was.
 */
import { closeSync, fstatSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { openSubdirectory } from "./confined.js";
import type { RawPath } from "./raw-path.js";

/** Far below the 256 that the strictest systems give a process; deep trees are rare. */
const MAX_OPEN = 64;
export const CLOSED = -1;

export interface Level {
  readonly name: RawPath;
  /** {@link CLOSED} while it has none; the deepest level always has one. */
  handle: number;
  /** Device and inode. */
  readonly identity: string;
}

export interface LostLevel<L extends Level> {
  readonly level: L;
  readonly error: unknown;
}

export class OpenDirectories<L extends Level> {
  readonly #root: number;
  readonly #levels: L[] = [];

  /** @param root Handle of the tenant's directory, in which the first level's name is looked up; stays the caller's. */
  constructor(root: number) {
    this.#root = root;
  }

  get deepest(): L | undefined {
    return this.#levels.at(-1);
  }

  push(level: L): void {
    this.#levels.push(level);
    close(this.#levels[this.#levels.length - 1 - MAX_OPEN]);
  }

  /**
   * Leaves the deepest directory. Gives the one above it when that cannot be reached any more, with what the system says
   * or a {@link ReplacedError}: it is the deepest then, and can only be left, too.
   */
  pop(): LostLevel<L> | undefined {
    close(this.#levels.pop());
    const level = this.deepest;
    if (level?.handle !== CLOSED) return undefined;
    try {
      this.#reopenDeepest();
      return undefined;
    } catch (error) {
      return { level, error };
    }
  }

  closeAll(): void {
    for (const level of this.#levels) close(level);
  }

  #reopenDeepest(): void {
    const first = this.#levels.findLastIndex(({ handle }) => handle !== CLOSED) + 1;
    let parent = this.#levels[first - 1]?.handle ?? this.#root;
    for (const [offset, level] of this.#levels.slice(first).entries()) {
      const handle = openSubdirectory(parent, level.name);
      if (identityOf(fstatSync(handle, { bigint: true })) !== level.identity) {
        closeSync(handle);
        throw new ReplacedError();
      }
      level.handle = handle;
      parent = handle;
      close(this.#levels[first + offset - MAX_OPEN]);
    }
  }
}

/** The name of a directory stands for another one by now. */
export class ReplacedError extends Error {}

export function identityOf({ dev, ino }: Pick<BigIntStats, "dev" | "ino">): string {
  return `${dev}:${ino}`;
}

function close(level: Level | undefined): void {
  if (level === undefined || level.handle === CLOSED) return;
  closeSync(level.handle);
  level.handle = CLOSED;
}
