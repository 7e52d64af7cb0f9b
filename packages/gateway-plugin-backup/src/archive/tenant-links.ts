/** Which symlinks of a tenant may be archived, and with what targets. */
import { readlinkSync, realpathSync } from "node:fs";
import { nameIn } from "./confined.js";
import { LinkSet, relativeTargetFor } from "./link-target.js";
import { rawPath, rawPathFromBytes } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { systemCode } from "./system-error.js";
import { archivePath } from "./tenant-source.js";
import type { TenantSource } from "./tenant-source.js";

/** Path components to look at while following links: more than honest tenants need, less than would be felt. */
const MAX_LINK_STEPS = 5_000_000;

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
    // Without a link that escapes, another may lead elsewhere; so again, until the rest stands.
    for (let found = -1; found !== this.#escaping.size;) {
      found = this.#escaping.size;
      const byArchivePath = new Map<RawPath, RawPath>();
      const set = new LinkSet(rawPath(this.#source.root));
      for (const [path, target] of this.#safe) {
        const full = archivePath(this.#source, path);
        byArchivePath.set(full, path);
        set.add(full, target);
      }
      for (const { path: full } of set.escaping(MAX_LINK_STEPS)) {
        const path = byArchivePath.get(full);
        if (path === undefined) continue;
        this.#safe.delete(path);
        this.#escaping.add(path);
      }
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
