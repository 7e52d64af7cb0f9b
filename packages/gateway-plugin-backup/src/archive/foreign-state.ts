/** Where the entries of another tool's archive of a gateway's state belong. */
import { BackupError } from "../errors.js";
import { brokenNameRule, isWithin, parentPath, shownPath } from "./entry-name.js";
import type { EntryPlacer, PlacedEntry } from "./entry-placer.js";
import { normalizeName } from "./foreign-root.js";
import type { ForeignEntry } from "./foreign-tar.js";
import { joinRaw, type RawPath } from "./raw-path.js";
import type { StateMapping } from "./state-layout.js";

/** Can be cloned to the thread that extracts. */
export interface StatePlacement {
  /** What stands for the directory that is restored, for the entry policy: `state`, `tenants/acme`. */
  readonly root: RawPath;
  readonly mappings: readonly StateMapping[];
  /** What absolute links may call the directory that is restored, besides. */
  readonly directories: readonly RawPath[];
  /** Passed over: entries that tell of the archive itself. */
  readonly ignored: readonly RawPath[];
  /** Below the root: left out with all that is below; a name may be `*`. */
  readonly leaveOut: readonly RawPath[];
  /** Whether there may be entries in no mapping: a tenant is taken out of a whole state. */
  readonly isPart: boolean;
}

const HERE = ".";

export class ForeignState implements EntryPlacer {
  readonly tenant = undefined;
  readonly leavesOutLinks = true;
  readonly #subject: string;
  readonly #placement: StatePlacement;
  readonly #leaveOut: readonly (readonly string[])[];
  #found = false;

  constructor(subject: string, placement: StatePlacement) {
    this.#subject = subject;
    // The longest first: one may lie inside another.
    const mappings = placement.mappings.toSorted((a, b) => b.from.length - a.from.length);
    this.#placement = { ...placement, mappings };
    this.#leaveOut = placement.leaveOut.map((path) => path.split("/"));
  }

  /** None for what is left out. Throws UNSAFE_ENTRY. */
  place(entry: ForeignEntry): PlacedEntry[] {
    const { root, ignored, isPart } = this.#placement;
    const name = normalizeName(entry.path);
    const path = (name === HERE ? "" : name) as RawPath;
    // The entry policy says what is wrong with it.
    if (path !== "" && brokenNameRule(path) !== undefined) return [{ entry, path, root }];
    const placed = this.#placed(path);
    if (placed === undefined) {
      if (isPart || ignored.includes(path) || (entry.type === "directory" && this.#isAbove(path))) return [];
      throw new BackupError(
        "UNSAFE_ENTRY",
        `${this.#subject}: entry "${shownPath(path)}" stands beside the state directory.`,
        {
          hint: "Nothing was restored. Make an archive of the state directory alone: `tar -C DIR -c .`.",
          details: { entry: shownPath(path), rule: "mixed roots" },
        },
      );
    }
    if (this.#isLeftOut(placed)) return [];
    this.#found = true;
    return [{ entry, path: placed, root }];
  }

  end(): PlacedEntry[] {
    if (this.#found) return [];
    const what = shownPath(this.#placement.root);
    throw new BackupError("ENTRY_NOT_FOUND", `${this.#subject} holds nothing of ${what}.`, {
      hint: "`tar -tf` lists what it holds.",
    });
  }

  /** The path, for the entry policy, of the entry that a hard link names. */
  linked(target: RawPath): RawPath {
    const path = normalizeName(target).replace(/^\/+/, "") as RawPath;
    return this.#placed(path) ?? this.#placedBySource(path) ?? path;
  }

  /** An absolute target that lies in what is archived is made a relative one. */
  linkTarget({ entry: { target }, path }: PlacedEntry): RawPath {
    if (!target.startsWith("/")) return target;
    const { mappings, directories } = this.#placement;
    const here = directories.map((absolute) => ({ absolute, to: "" as RawPath }));
    for (const { absolute, to } of [...mappings, ...here]) {
      if (absolute === undefined || !isWithin(target, absolute)) continue;
      const rest = target.slice(absolute.length).replace(/^\/+/, "").replace(/\/+$/, "");
      return relativePath(parentPath(path), this.#below(to, rest as RawPath));
    }
    return target;
  }

  #placed(path: RawPath): RawPath | undefined {
    for (const { from, to } of this.#placement.mappings) {
      if (from === "") return this.#below(to, path);
      if (isWithin(path, from)) return this.#below(to, path.slice(from.length + 1) as RawPath);
    }
    return undefined;
  }

  /**
   * `openclaw backup create` moves entries, but not the names in hard links: those are relative to the directory that it ran
   * in, and end like the absolute path.
   */
  #placedBySource(path: RawPath): RawPath | undefined {
    const rest = path.replace(/^(?:\.\.\/)+/, "");
    for (const { absolute, to } of this.#placement.mappings) {
      const names = absolute?.split("/") ?? [];
      for (let first = 1; first < names.length; first++) {
        const tail = names.slice(first).join("/");
        if (rest.startsWith(`${tail}/`)) return this.#below(to, rest.slice(tail.length + 1) as RawPath);
      }
    }
    return undefined;
  }

  #below(to: RawPath, rest: RawPath): RawPath {
    const parts = [this.#placement.root, to, rest].filter((part) => part !== "");
    return parts.reduce((path, part) => joinRaw(path, part));
  }

  #isAbove(path: RawPath): boolean {
    return path === "" || this.#placement.mappings.some(({ from }) => isWithin(from, path));
  }

  #isLeftOut(placed: RawPath): boolean {
    const names = placed.slice(this.#placement.root.length + 1).split("/");
    return this.#leaveOut.some(
      (pattern) =>
        pattern.length <= names.length && pattern.every((name, at) => name === "*" || name === names[at]),
    );
  }
}

/** From one directory of a tree to an entry of it. */
function relativePath(directory: RawPath, path: RawPath): RawPath {
  const from = directory.split("/");
  const to = path.split("/");
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  const steps = [...from.slice(common).map(() => ".."), ...to.slice(common)];
  return (steps.length === 0 ? "." : steps.join("/")) as RawPath;
}
