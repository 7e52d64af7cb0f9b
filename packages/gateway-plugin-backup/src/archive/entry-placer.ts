import type { ForeignEntry } from "./foreign-tar.js";
import type { RawPath } from "./raw-path.js";

export interface PlacedEntry {
  readonly entry: ForeignEntry;
  /** For the entry policy, at or under {@link root}. */
  readonly path: RawPath;
  /** What is restored, for the entry policy: `tenants/acme`, `state`. */
  readonly root: RawPath;
}

/** Knows where the entries of another tool's tar belong. */
export interface EntryPlacer {
  /** The tenant that the paths name; undefined where they do not. */
  readonly tenant: string | undefined;
  /** Links that leave the root are left out, where else the whole archive is refused for one. */
  readonly leavesOutLinks: boolean;
  /** The entries that can be judged now. */
  place(entry: ForeignEntry): PlacedEntry[];
  /** After the last entry: those that are left. */
  end(): PlacedEntry[];
  /** The path, for the entry policy, of the entry that a hard link names. */
  linked(target: RawPath): RawPath;
  /** The target that a symlink is restored with. */
  linkTarget(placed: PlacedEntry): RawPath;
}
