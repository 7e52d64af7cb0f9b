/** What the index of a base says of its entries, by path: for the thread that walks over the tenant. */
import type { ArchiveLimits, EntryRecord, EntryType, SegmentKind } from "../format.js";
import { readHeader, readIndex } from "../index-codec.js";
import { NumberColumn } from "../number-column.js";
import { PathTable } from "../path-table.js";
import type { RawPath } from "../raw-path.js";
import { STATE_BYTES } from "./facts.js";
import { SHA256_BYTES } from "./piece-set.js";
import { survivingRuns, type Run, type SegmentFate } from "./survivors.js";

/** Bits beside those of the mode, 0777; neither of the first two: a file. */
const DIRECTORY = 1 << 9;
const SYMLINK = 1 << 10;
const DATABASE = 1 << 11;
const UNSTEADY = 1 << 12;

export interface BaseEntry {
  /** Its number in the index. */
  readonly number: number;
  readonly type: EntryType;
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Of a file's content. */
  readonly sha256: Uint8Array;
  /** Of a link. */
  readonly target: RawPath | undefined;
  /** See `facts.ts`; zeros where it is not known. */
  readonly state: Uint8Array;
  /** A copy that SQLite made: its size and time are not those of the file. */
  readonly isDatabase: boolean;
  /** It changed while it was read: the archive may hold what it never was. */
  readonly isUnsteady: boolean;
}

/** In about 120 bytes an entry. Each counts as changed until {@link keep} says otherwise. */
export class BaseTable {
  readonly #payload: Uint8Array;
  readonly #limits: ArchiveLimits;
  readonly #paths = new PathTable();
  /** Number of the entry and one more, by that of the path; 0 for what lies above the root. */
  readonly #entries = new NumberColumn(Uint32Array);
  readonly #bits = new NumberColumn(Uint32Array);
  readonly #sizes = new NumberColumn();
  readonly #times: DataView;
  readonly #sha256: Uint8Array;
  readonly #states: Uint8Array;
  readonly #segmentOf = new NumberColumn(Uint32Array);
  readonly #targets = new Map<number, RawPath>();
  readonly #segments: { readonly kind: SegmentKind; readonly stored: number }[] = [];
  /** Entries that are not known to be as they were, by segment. */
  readonly #changed = new NumberColumn(Uint32Array);

  /** `payload`: of an index that was opened, and so checked, before. `states`: what is known of them, see `facts.ts`. */
  constructor(payload: Uint8Array, limits: ArchiveLimits, states: Uint8Array = new Uint8Array(0)) {
    this.#payload = payload;
    this.#limits = limits;
    const { entries } = readHeader(payload, limits).totals;
    this.#times = new DataView(new ArrayBuffer(entries * BigInt64Array.BYTES_PER_ELEMENT));
    this.#sha256 = new Uint8Array(entries * SHA256_BYTES);
    this.#states = new Uint8Array(entries * STATE_BYTES);
    this.#states.set(states.subarray(0, this.#states.length));
    for (const line of readIndex(payload, limits)) {
      if (line.kind === "segment")
        this.#segments.push({ kind: line.segment.kind, stored: line.segment.stored });
      else if (line.kind === "entry") this.#add(line.entry, line.number);
    }
  }

  get paths(): PathTable {
    return this.#paths;
  }

  /** By its path in the archive. */
  find(path: RawPath): BaseEntry | undefined {
    const number = this.#paths.find(path);
    return number === undefined ? undefined : this.entryAt(number);
  }

  /** By the number of its path; undefined for what lies above the root. */
  entryAt(path: number): BaseEntry | undefined {
    const number = this.#entries.get(path) - 1;
    if (number < 0) return undefined;
    const bits = this.#bits.get(number);
    return {
      number,
      type: typeOf(bits),
      mode: bits & 0o777,
      size: this.#sizes.get(number),
      mtimeNs: this.#times.getBigInt64(number * BigInt64Array.BYTES_PER_ELEMENT),
      sha256: this.#sha256.subarray(number * SHA256_BYTES, (number + 1) * SHA256_BYTES),
      target: this.#targets.get(number),
      state: this.#states.subarray(number * STATE_BYTES, (number + 1) * STATE_BYTES),
      isDatabase: (bits & DATABASE) !== 0,
      isUnsteady: (bits & UNSTEADY) !== 0,
    };
  }

  /** The entry is as it was; to be called once. `state`: that of its file, where it was looked at anew. */
  keep(number: number, state?: Uint8Array): void {
    this.#states.fill(0, number * STATE_BYTES, (number + 1) * STATE_BYTES);
    if (state !== undefined) this.#states.set(state, number * STATE_BYTES);
    const segment = this.#segmentOf.get(number);
    this.#changed.set(segment, this.#changed.get(segment) - 1);
  }

  /** What the new archive takes over, if nothing else is kept. */
  runs(): Run[] {
    return survivingRuns(this.#fates());
  }

  /** The entries that stand in these runs, in the order of the index. */
  *entriesOf(runs: readonly Run[]): Generator<{ readonly entry: EntryRecord; readonly state: Uint8Array }> {
    let run = 0;
    for (const line of readIndex(this.#payload, this.#limits)) {
      if (line.kind !== "entry") continue;
      const { entry, number } = line;
      while ((runs[run]?.end ?? Infinity) <= entry.segment) run++;
      if ((runs[run]?.first ?? Infinity) > entry.segment) continue;
      yield { entry, state: this.#states.subarray(number * STATE_BYTES, (number + 1) * STATE_BYTES) };
    }
  }

  #add(entry: EntryRecord, number: number): void {
    const { path, type, mode, size, mtimeNs, sha256, target, segment, flags } = entry;
    this.#entries.set(this.#paths.add(path), number + 1);
    let bits = mode;
    if (type === "directory") bits |= DIRECTORY;
    if (type === "symlink") bits |= SYMLINK;
    if (flags.includes("database")) bits |= DATABASE;
    if (flags.includes("changed") || flags.includes("truncated")) bits |= UNSTEADY;
    this.#bits.set(number, bits);
    this.#sizes.set(number, size);
    this.#times.setBigInt64(number * BigInt64Array.BYTES_PER_ELEMENT, mtimeNs);
    if (sha256 !== undefined) this.#sha256.set(Buffer.from(sha256, "hex"), number * SHA256_BYTES);
    if (target !== undefined) this.#targets.set(number, target);
    this.#segmentOf.set(number, segment);
    this.#changed.set(segment, this.#changed.get(segment) + 1);
  }

  *#fates(): Generator<SegmentFate> {
    for (const [number, { kind, stored }] of this.#segments.entries())
      yield { kind, stored, survives: this.#changed.get(number) === 0 };
  }
}

function typeOf(bits: number): EntryType {
  if ((bits & DIRECTORY) !== 0) return "directory";
  return (bits & SYMLINK) === 0 ? "file" : "symlink";
}
