/** What a dry run tells of a backup: what goes in, what is left out and why, and what is large. In bounded memory. */
import { isWithin, shownPath } from "./entry-name.js";
import type { LeftOut, LeftOutReason } from "./left-out.js";
import type { PlanFile, PlannedEntry } from "./plan-file.js";
import type { RawPath } from "./raw-path.js";
import { TopList } from "./top-list.js";

const LARGEST_LISTED = 20;
const TOP_LEVEL_LISTED = 100;
/** Groups by rule; a tenant can have very many rules. What comes later is grouped by reason alone. */
const MAX_GROUPS = 100;
const EXAMPLES = 10;

export interface PlanSummary {
  /** The largest files and directories, a directory with all it holds; largest first. */
  readonly largest: readonly LargePath[];
  readonly largestDirectories: readonly LargePath[];
  /** The directories in the tenant's own, and "." for the files there; largest first. */
  readonly topLevel: readonly TopLevelSum[];
  /** By reason and rule; the largest first. */
  readonly leftOut: readonly LeftOutGroup[];
}

export interface LargePath {
  /** Relative to the tenant's directory, fit to be shown. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface TopLevelSum {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

export interface LeftOutGroup {
  readonly reason: LeftOutReason;
  readonly rule?: string;
  /** How many paths the reason holds for; what lies below one of them is only in the other two figures. */
  readonly paths: number;
  readonly entries: number;
  readonly bytes: number;
  /** The first of the paths, fit to be shown. */
  readonly examples: readonly string[];
}

interface OpenSum {
  readonly path: RawPath;
  files: number;
  bytes: number;
}

interface OpenGroup extends LeftOutGroup {
  paths: number;
  entries: number;
  bytes: number;
  readonly examples: string[];
}

export class Plan {
  readonly #file: PlanFile | undefined;
  readonly #files = new TopList<{ readonly path: RawPath; readonly size: number }>(LARGEST_LISTED, bySize);
  readonly #directories = new TopList<OpenSum>(LARGEST_LISTED, byBytes);
  readonly #topLevel = new TopList<OpenSum>(TOP_LEVEL_LISTED, byBytes);
  readonly #groups = new Map<string, OpenGroup>();
  /** From the tenant's own directory, which is not among them, down to where the walk is. */
  readonly #open: OpenSum[] = [];
  readonly #rootFiles = { files: 0, bytes: 0 };

  /** @param file Takes the complete list; without it there is only the summary. */
  constructor(file: PlanFile | undefined) {
    this.#file = file;
  }

  /** A file or directory of the walk, in the walk's order; links at any time. */
  include(entry: PlannedEntry): void {
    this.#file?.include(entry);
    if (entry.type === "symlink") return;
    this.#closeUntilAround(entry.path);
    if (entry.type === "directory") {
      if (entry.path !== "") this.#open.push({ path: entry.path, files: 0, bytes: 0 });
      return;
    }
    this.#files.add(entry);
    const sum = this.#open.at(-1) ?? this.#rootFiles;
    sum.files++;
    sum.bytes += entry.size;
  }

  leaveOut(item: LeftOut): void {
    this.#file?.leaveOut(item);
    const group = this.#groupOf(item);
    group.paths++;
    group.entries += item.entries;
    group.bytes += item.bytes;
    if (group.examples.length < EXAMPLES) group.examples.push(shownPath(item.path));
  }

  /** Call it once, after the last entry. */
  finish(): PlanSummary {
    this.#closeUntilAround("" as RawPath);
    this.#file?.end();
    const topLevel = this.#topLevel
      .list()
      .map(({ path, files, bytes }) => ({ path: shownPath(path), files, bytes }));
    return {
      largest: this.#files.list().map(({ path, size }) => ({ path: shownPath(path), size })),
      largestDirectories: this.#directories
        .list()
        .map(({ path, bytes }) => ({ path: shownPath(path), size: bytes })),
      topLevel: [...topLevel, { path: ".", ...this.#rootFiles }],
      leftOut: [...this.#groups.values()].sort((a, b) => b.bytes - a.bytes || b.entries - a.entries),
    };
  }

  #closeUntilAround(path: RawPath): void {
    for (
      let sum = this.#open.at(-1);
      sum !== undefined && !isWithin(path, sum.path);
      sum = this.#open.at(-1)
    ) {
      this.#open.pop();
      this.#directories.add(sum);
      const parent = this.#open.at(-1);
      if (parent === undefined) {
        this.#topLevel.add(sum);
        continue;
      }
      parent.files += sum.files;
      parent.bytes += sum.bytes;
    }
  }

  #groupOf({ reason, rule }: Pick<LeftOut, "reason" | "rule">): OpenGroup {
    const key = rule === undefined ? reason : `${reason} ${rule}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (rule !== undefined && this.#groups.size >= MAX_GROUPS) return this.#groupOf({ reason });
    const group: OpenGroup = {
      reason,
      ...(rule === undefined ? {} : { rule }),
      paths: 0,
      entries: 0,
      bytes: 0,
      examples: [],
    };
    this.#groups.set(key, group);
    return group;
  }
}

function bySize({ size }: { readonly size: number }): number {
  return size;
}

function byBytes({ bytes }: { readonly bytes: number }): number {
  return bytes;
}
