/** What a new archive takes over from its base, as the second pass over the tenant must know it. */
import type { EntryRecord } from "../format.js";
import { NumberColumn } from "../number-column.js";
import type { PathTable } from "../path-table.js";
import type { RawPath } from "../raw-path.js";
import type { TarEntry } from "../tar-header.js";
import type { BaseTable } from "./base-table.js";
import type { Run } from "./survivors.js";

/** `lives`: the base's entry is in the new archive. `holds`: a directory above such entries. */
export type Fate = "lives" | "holds" | undefined;

const FATES: readonly Fate[] = [undefined, "lives", "holds", "holds"];
const LIVES = 1;
const HOLDS = 2;
/** A directory that holds survivors, and is archived. */
const HOLDS_AND_STANDS = 3;

export class Survival {
  readonly runs: readonly Run[];
  readonly #table: BaseTable;
  readonly #fates = new NumberColumn(Uint8Array);

  /** From a table in which all entries that are as they were have been kept. */
  constructor(table: BaseTable) {
    this.#table = table;
    this.runs = table.runs();
    table.forgetContents();
  }

  /** The table of the base's paths, which may take others. */
  get paths(): PathTable {
    return this.#table.paths;
  }

  /** Segments that are taken over: the first of those that are made anew has this number. */
  get segments(): number {
    return this.runs.reduce((sum, { first, end }) => sum + end - first, 0);
  }

  /** All entries that live on, in their order; to be gone through once, before anything else is asked. */
  *entries(): Generator<{ readonly entry: EntryRecord; readonly state: Uint8Array }, void, undefined> {
    for (const survivor of this.#table.entriesOf(this.runs)) {
      this.#mark(survivor.entry.path);
      yield survivor;
    }
  }

  /** By the path in the archive. */
  fate(path: RawPath): Fate {
    const number = this.#table.paths.find(path);
    return number === undefined ? undefined : FATES[this.#fates.get(number)];
  }

  /** The directory is archived. */
  stands(path: RawPath): void {
    const number = this.#table.paths.find(path);
    if (number !== undefined && this.#fates.get(number) === HOLDS) this.#fates.set(number, HOLDS_AND_STANDS);
  }

  /** Directories above survivors that are not archived: as the base has them. */
  *missingDirectories(): Generator<TarEntry, void, undefined> {
    const { paths } = this.#table;
    for (let number = 0; number < paths.size; number++) {
      const entry = this.#fates.get(number) === HOLDS ? this.#table.entryAt(number) : undefined;
      if (entry === undefined) continue;
      const { mode, mtimeNs } = entry;
      yield { path: paths.path(number), type: "directory", mode, size: 0, mtimeNs };
    }
  }

  #mark(path: RawPath): void {
    const { paths } = this.#table;
    const number = paths.add(path);
    this.#fates.set(number, LIVES);
    for (let parent = paths.parent(number); parent !== undefined; parent = paths.parent(parent)) {
      if (this.#fates.get(parent) === HOLDS) break;
      this.#fates.set(parent, HOLDS);
    }
  }
}
