/** Which symlinks of a tenant may be archived, and with what targets. */
import { readlinkSync, realpathSync } from "node:fs";
import { nameIn } from "./confined.js";
import {
  allEscaping,
  LinkSet,
  MAX_LINK_STEPS as READER_LINK_STEPS,
  relativeTargetFor,
} from "./link-target.js";
import { joinRaw, rawPath, rawPathFromBytes } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { systemCode } from "../system-error.js";
import { archivePath } from "./tenant-source.js";
import type { TenantSource } from "./tenant-source.js";

/**
 * Half of what a reader may use: the same links under a longer tenant's name cost it a little more, and what is archived
 * must be restorable.
 */
const MAX_LINK_STEPS = READER_LINK_STEPS / 2;

export interface JudgedLinks {
  /** Path relative to the tenant's directory → target as the archive stores it. */
  readonly safe: ReadonlyMap<RawPath, RawPath>;
  readonly escaping: ReadonlySet<RawPath>;
}

/**
 * Collects the links of one walk and judges them as a set, because where a link leads can depend on the others. The
 * judgement stays true while the tenant changes: a link is archived as it was collected, or not at all.
 */
export class TenantLinks {
  readonly #source: TenantSource;
  /** The tenant's directory under the names by which absolute targets may call it. */
  readonly #directories: ReadonlySet<RawPath>;
  readonly #safe = new Map<RawPath, RawPath>();
  readonly #escaping = new Set<RawPath>();

  constructor(source: TenantSource) {
    this.#source = source;
    this.#directories = new Set([rawPath(source.directory), rawPath(realpathSync(source.directory))]);
  }

  /** A link that is gone by now is none. */
  add(directory: number, name: RawPath, path: RawPath): void {
    const target = readTarget(directory, name);
    if (target === undefined) return;
    const root = rawPath(this.#source.root);
    for (const inside of this.#directories) {
      const stored = relativeTargetFor(archivePath(this.#source, path), target, root, inside);
      if (stored === undefined) continue;
      this.#safe.set(path, stored);
      return;
    }
    this.#escaping.add(path);
  }

  judge(): JudgedLinks {
    const root = rawPath(this.#source.root);
    const set = new LinkSet(root);
    for (const [path, target] of this.#safe) set.add(joinRaw(root, path), target);
    for (const full of allEscaping(set, [...set.escaping({ steps: MAX_LINK_STEPS })])) {
      const path = full.slice(root.length + 1) as RawPath;
      this.#safe.delete(path);
      this.#escaping.add(path);
    }
    return { safe: this.#safe, escaping: this.#escaping };
  }
}

function readTarget(directory: number, name: RawPath): RawPath | undefined {
  try {
    return rawPathFromBytes(readlinkSync(nameIn(directory, name), { encoding: "buffer" }));
  } catch (error) {
    const code = systemCode(error);
    // EINVAL: something else has the name now.
    if (code === "ENOENT" || code === "EINVAL") return undefined;
    throw error;
  }
}
