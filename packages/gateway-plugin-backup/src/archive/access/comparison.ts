/** What differs between two sets of entries, the first of which is kept in columns: about 100 bytes an entry. */
import { RESTORED_WITHIN_NS } from "../file-times.js";
import { NumberColumn } from "../number-column.js";
import { PathTable } from "../path-table.js";
import type { EntryType } from "../format.js";
import type { RawPath } from "../raw-path.js";

/** What is compared of an entry. */
export interface ComparedEntry {
  /** Relative to the tenant's directory. */
  readonly path: RawPath;
  readonly type: EntryType;
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Of a file's content; undefined where nobody has read it. */
  readonly sha256?: string | undefined;
  readonly target?: RawPath | undefined;
  /** The content of an archive's database is a copy, whose size may differ from that of the file. */
  readonly isDatabase: boolean;
}

export type Change = "type" | "mode" | "size" | "content" | "time" | "target";

/** `unexplained`: other content, though size, mode and time are the same. */
export type Difference =
  | { readonly kind: "added" | "removed"; readonly entry: ComparedEntry }
  | {
      readonly kind: "changed" | "unexplained";
      readonly changes: readonly Change[];
      readonly before: ComparedEntry;
      readonly after: ComparedEntry;
    };

export interface ComparisonTotals {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unexplained: number;
  readonly unchanged: number;
}

const TYPES = ["file", "directory", "symlink"] as const satisfies readonly EntryType[];
/** Bits of the column of kinds: 1 + place in {@link TYPES}, and what else there is to know. */
const TYPE_BITS = 0b11;
const IS_DATABASE = 0b100;
const IS_SEEN = 0b1000;

const NS_PER_SECOND = 1_000_000_000n;
/** A SHA-256 is eight numbers of 32 bits. */
const HASH_NUMBERS = 8;

/** Takes all entries of before with {@link add}, then those of after with {@link compare}; {@link removed} is the rest. */
export class Comparison {
  readonly #paths = new PathTable();
  /** Every path in the table has one: archives of ours have an entry for each directory. */
  readonly #kinds = new NumberColumn(Uint8Array);
  readonly #modes = new NumberColumn(Uint32Array);
  readonly #sizes = new NumberColumn();
  readonly #seconds = new NumberColumn();
  readonly #nanoseconds = new NumberColumn(Uint32Array);
  readonly #hashes = new NumberColumn(Uint32Array);
  readonly #targets = new Map<number, RawPath>();
  #added = 0;
  #removed = 0;
  #changed = 0;
  #unexplained = 0;
  #unchanged = 0;

  /** Of what was compared so far. */
  get totals(): ComparisonTotals {
    return {
      added: this.#added,
      removed: this.#removed,
      changed: this.#changed,
      unexplained: this.#unexplained,
      unchanged: this.#unchanged,
    };
  }

  add({ path, type, mode, size, mtimeNs, sha256, target, isDatabase }: ComparedEntry): void {
    const number = this.#paths.add(path);
    this.#kinds.set(number, TYPES.indexOf(type) + 1 + (isDatabase ? IS_DATABASE : 0));
    this.#modes.set(number, mode);
    this.#sizes.set(number, size);
    const { seconds, nanoseconds } = splitTime(mtimeNs);
    this.#seconds.set(number, seconds);
    this.#nanoseconds.set(number, nanoseconds);
    if (target !== undefined) this.#targets.set(number, target);
    if (sha256 !== undefined)
      for (let i = 0; i < HASH_NUMBERS; i++)
        this.#hashes.set(number * HASH_NUMBERS + i, parseInt(sha256.slice(i * 8, i * 8 + 8), 16));
  }

  /** Whether before has an entry at the path. */
  has(path: RawPath): boolean {
    return this.#paths.find(path) !== undefined;
  }

  compare(after: ComparedEntry): Difference | undefined {
    const number = this.#paths.find(after.path);
    if (number === undefined) {
      this.#added++;
      return { kind: "added", entry: after };
    }
    this.#kinds.set(number, this.#kinds.get(number) | IS_SEEN);
    const before = this.#entry(number, after.path);
    const changes = changesBetween(before, after);
    if (changes.length === 0) {
      this.#unchanged++;
      return undefined;
    }
    const kind = isExplained(before, after, changes) ? "changed" : "unexplained";
    if (kind === "changed") this.#changed++;
    else this.#unexplained++;
    return { kind, changes, before, after };
  }

  /** What after did not have, in the order in which it was added. */
  *removed(): Generator<Difference, void, undefined> {
    for (let number = 0; number < this.#paths.size; number++) {
      const kind = this.#kinds.get(number);
      if ((kind & IS_SEEN) !== 0) continue;
      this.#removed++;
      yield { kind: "removed", entry: this.#entry(number, this.#paths.path(number)) };
    }
  }

  #entry(number: number, path: RawPath): ComparedEntry {
    const kind = this.#kinds.get(number);
    const type = typeOf(kind);
    const seconds = BigInt(this.#seconds.get(number));
    return {
      path,
      type,
      mode: this.#modes.get(number),
      size: this.#sizes.get(number),
      mtimeNs: seconds * NS_PER_SECOND + BigInt(this.#nanoseconds.get(number)),
      sha256: type === "file" ? this.#hash(number) : undefined,
      target: this.#targets.get(number),
      isDatabase: (kind & IS_DATABASE) !== 0,
    };
  }

  #hash(number: number): string {
    let sha256 = "";
    for (let i = 0; i < HASH_NUMBERS; i++)
      sha256 += this.#hashes
        .get(number * HASH_NUMBERS + i)
        .toString(16)
        .padStart(8, "0");
    return sha256;
  }
}

function typeOf(kind: number): EntryType {
  const [file, directory, symlink] = TYPES;
  const code = kind & TYPE_BITS;
  return code === 1 ? file : code === 2 ? directory : symlink;
}

function changesBetween(before: ComparedEntry, after: ComparedEntry): Change[] {
  if (before.type !== after.type) return ["type"];
  const changes: Change[] = [];
  if (before.type === "symlink") return before.target === after.target ? [] : ["target"];
  if (before.mode !== after.mode) changes.push("mode");
  if (before.type === "directory") return changes;
  const isRead = after.sha256 !== undefined;
  if (before.size !== after.size && (isRead || !before.isDatabase)) changes.push("size");
  if (isRead && before.sha256 !== after.sha256) changes.push("content");
  if (!isRead && !sameTime(before, after)) changes.push("time");
  return changes;
}

/** Other content comes with another size or time, unless something is wrong. */
function isExplained(before: ComparedEntry, after: ComparedEntry, changes: readonly Change[]): boolean {
  return changes.length > 1 || changes[0] !== "content" || !sameTime(before, after);
}

/** As far as a restore keeps it. */
function sameTime(a: ComparedEntry, b: ComparedEntry): boolean {
  const [left, right] = [splitTime(a.mtimeNs), splitTime(b.mtimeNs)];
  const off = (left.seconds - right.seconds) * 1e9 + left.nanoseconds - right.nanoseconds;
  return Math.abs(off) < RESTORED_WITHIN_NS;
}

/** Whole seconds, rounded down, and what is left. An index may hold times that no file system has: those lose digits. */
function splitTime(mtimeNs: bigint): { readonly seconds: number; readonly nanoseconds: number } {
  const rest = ((mtimeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return { seconds: Number((mtimeNs - rest) / NS_PER_SECOND), nanoseconds: Number(rest) };
}
