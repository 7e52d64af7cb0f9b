type NumberArray = Float64Array | Uint32Array | Uint8Array;

const CHUNK_SHIFT = 14;
const CHUNK_LENGTH = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_LENGTH - 1;
const MAX_INDEX = 2 ** 32 - 1;

/**
 * Numbers by number, for what is known of the paths of a `PathTable`: an array that grows without being copied, and
 * takes memory only where something was set.
 */
export class NumberColumn {
  readonly #kind: new (length: number) => NumberArray;
  readonly #chunks: (NumberArray | undefined)[] = [];

  /** `kind` says what it can hold: integers below 2^53, 2^32 or 2^8. */
  constructor(kind: new (length: number) => NumberArray = Float64Array) {
    this.#kind = kind;
  }

  /** 0 where nothing was set. */
  get(index: number): number {
    return this.#chunks[index >>> CHUNK_SHIFT]?.[index & CHUNK_MASK] ?? 0;
  }

  /** Throws a RangeError for an index of 2^32 or more. */
  set(index: number, value: number): void {
    if (index > MAX_INDEX) throw new RangeError(`A column has no place ${index}.`);
    const chunk = (this.#chunks[index >>> CHUNK_SHIFT] ??= new this.#kind(CHUNK_LENGTH));
    chunk[index & CHUNK_MASK] = value;
  }
}
